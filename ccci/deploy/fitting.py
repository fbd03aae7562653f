"""What recipe.toml's tables give an app: overlays, and how it is told of its provider of sign-in.

Names differ between releases, so this follows the checkout that is deployed: an upgrade begins with
the names of the release and ends with those of the head.
"""

from collections.abc import Callable
from pathlib import Path

from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig
from ccci.recipe.envfile import read_env, set_env
from ccci.recipe.face import Face, Secret
from ccci.recipe.fit import hold
from ccci.recipe.tables import Wiring, fill_in

# Name, value, version.
InsertSecret = Callable[[str, str, str], None]


class Fitting:
    """The overlays and the sign-in of one app, as its .env file has them."""

    def __init__(
        self, recipe: str, config: RecipeConfig, env_path: Path, insert_secret: InsertSecret
    ) -> None:
        """Take the recipe's tables, the file to write, and what gives the app a secret."""
        self._recipe, self._config = recipe, config
        self._env_path, self._insert_secret = env_path, insert_secret
        self._values: dict[str, str] = {}
        self._wired: Wiring | None = None
        self._added: set[str] = set()

    def begin(self, face: Face) -> None:
        """Fit a new app, which knows of no provider yet."""
        self._values, self._wired, self._added = {}, None, set()
        self.follow(face)

    def wire(self, values: dict[str, str], face: Face) -> None:
        """Tell the app of its provider, by the first way in recipe.toml that the checkout has.

        Args:
            values: each placeholder's value.
            face: what the checkout offers. A release may have none of the ways: it is deployed
                without sign-in, and the head after it with.

        Raises:
            Misuse: recipe.toml names no way at all.
        """
        if not self._config.sign_in.wiring:
            raise Misuse(
                f"recipes/{self._recipe}/recipe.toml has no [[sign_in.wiring]], which says by what "
                "overlay, settings and secret the recipe is told of its provider."
            )
        self._values = values
        self.follow(face)

    def follow(self, face: Face) -> None:
        """Bring the app's settings in line with the checkout that is deployed next."""
        fit = hold(self._config, face)
        way = fit.wiring if self._values else None
        self._use(fit.deployed if way else fit.overlays)
        if way and way != self._wired:
            self._tell(way, face)
            self._wired = way

    def _use(self, overlays: tuple[str, ...]) -> None:
        """Put overlays behind what COMPOSE_FILE names, and take out those of another checkout."""
        used = read_env(self._env_path).get("COMPOSE_FILE") or "compose.yml"
        gone = self._added - set(overlays)
        names = [name for name in used.split(":") if name and name not in gone]
        more = [name for name in overlays if name not in names]
        self._added = (self._added - gone) | set(more)
        if gone or more:
            set_env(self._env_path, {"COMPOSE_FILE": ":".join((*names, *more))})

    def _tell(self, way: Wiring, face: Face) -> None:
        there = self._wired.secret if self._wired else {}
        new = {name: face.secrets[name] for name in way.secret if name not in there}
        versions = {name: _version_of(secret) for name, secret in new.items()}
        settings = {key: fill_in(text, self._values) for key, text in way.settings.items()}
        settings |= {secret.version_key: versions[name] for name, secret in new.items()}
        set_env(self._env_path, settings)
        for name, version in versions.items():
            self._insert_secret(name, fill_in(way.secret[name], self._values), version)


def _version_of(secret: Secret) -> str:
    """Return the version to insert: the next one where abra may have made the first by itself.

    A Swarm secret cannot be overwritten.
    """
    if not secret.generated:
        return secret.version
    text = secret.version.rstrip("0123456789")
    return f"{text}{int(secret.version[len(text) :] or 1) + 1}"
