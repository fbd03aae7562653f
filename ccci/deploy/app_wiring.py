"""Writes into an app's .env what recipe.toml says: overlays, and the wiring of sign-in.

Names differ between releases. An upgrade starts with the names of the release and ends with those
of the head.
"""

from collections.abc import Callable
from pathlib import Path

from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig
from ccci.recipe.envfile import read_env, set_env
from ccci.recipe.fit import compare
from ccci.recipe.offered import Offered, Secret
from ccci.recipe.tables import Wiring, fill_in

# Name, value, version.
InsertSecret = Callable[[str, str, str], None]


class AppWiring:
    """The overlays and the sign-in of one app, in its .env file."""

    def __init__(
        self, recipe: str, config: RecipeConfig, env_path: Path, insert_secret: InsertSecret
    ) -> None:
        """Take the recipe's settings, the file to write, and the function that inserts a secret."""
        self._recipe, self._config = recipe, config
        self._env_path, self._insert_secret = env_path, insert_secret
        self._values: dict[str, str] = {}
        self._wired: Wiring | None = None
        self._added: set[str] = set()

    def begin(self, offered: Offered) -> None:
        """Add the overlays to a new app, which has no sign-in yet."""
        self._values, self._wired, self._added = {}, None, set()
        self.follow(offered)

    def wire(self, values: dict[str, str], offered: Offered) -> None:
        """Configure sign-in with the first wiring in recipe.toml that fits the checkout.

        Args:
            values: the value of each placeholder.
            offered: what the checkout offers. When no wiring fits a release, it is deployed without
                sign-in; the upgrade to the head adds it.

        Raises:
            Misuse: recipe.toml has no wiring.
        """
        if not self._config.sign_in.wiring:
            raise Misuse(
                f"recipes/{self._recipe}/recipe.toml has no [[sign_in.wiring]]: name there the "
                "overlay, the settings and the secret that configure sign-in in the recipe."
            )
        self._values = values
        self.follow(offered)

    def follow(self, offered: Offered) -> None:
        """Update the app's settings for the checkout that is deployed next."""
        fit = compare(self._config, offered)
        way = fit.wiring if self._values else None
        self._use(fit.deployed if way else fit.overlays)
        if way and way != self._wired:
            self._tell(way, offered)
            self._wired = way

    def _use(self, overlays: tuple[str, ...]) -> None:
        """Append overlays to COMPOSE_FILE, and remove those that an earlier checkout needed."""
        used = read_env(self._env_path).get("COMPOSE_FILE") or "compose.yml"
        gone = self._added - set(overlays)
        names = [name for name in used.split(":") if name and name not in gone]
        more = [name for name in overlays if name not in names]
        self._added = (self._added - gone) | set(more)
        if gone or more:
            set_env(self._env_path, {"COMPOSE_FILE": ":".join((*names, *more))})

    def _tell(self, way: Wiring, offered: Offered) -> None:
        there = self._wired.secret if self._wired else {}
        new = {name: offered.secrets[name] for name in way.secret if name not in there}
        versions = {name: _version_of(secret) for name, secret in new.items()}
        settings = {key: fill_in(text, self._values) for key, text in way.settings.items()}
        settings |= {secret.version_key: versions[name] for name, secret in new.items()}
        set_env(self._env_path, settings)
        for name, version in versions.items():
            self._insert_secret(name, fill_in(way.secret[name], self._values), version)


def _version_of(secret: Secret) -> str:
    """Return the version to insert: the next one where abra may have generated the first.

    A Swarm secret cannot be overwritten.
    """
    if not secret.generated:
        return secret.version
    text = secret.version.rstrip("0123456789")
    return f"{text}{int(secret.version[len(text) :] or 1) + 1}"
