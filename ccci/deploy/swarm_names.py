"""The names of an app's secrets and configs, which the Swarm limits in length."""

from collections.abc import Mapping

from ccci.apps import App
from ccci.errors import Misuse

LONGEST_SWARM_NAME = 64


def check_swarm_names(app: App, env: Mapping[str, str], exports: Mapping[str, str]) -> None:
    """Fail when a secret or config of an app would have a longer name than the Swarm takes.

    Such a name is `<stack>_<name>_<version>`.

    Args:
        app: the app.
        env: its settings, among them `SECRET_<NAME>_VERSION`.
        exports: the `<NAME>_VERSION` of its configs, from abra.sh.

    Raises:
        Misuse: a name is too long; the sentence says which, and how it gets shorter.
    """
    secrets = {
        key.removeprefix("SECRET_"): value
        for key, value in env.items()
        if key.startswith("SECRET_")
    }
    for key, version in {**secrets, **exports}.items():
        name = f"{app.stack}_{key.removesuffix('_VERSION').lower()}_{version}"
        if key.endswith("_VERSION") and len(name) > LONGEST_SWARM_NAME:
            raise Misuse(
                f"The name '{name}' has {len(name)} characters; the Swarm takes "
                f"{LONGEST_SWARM_NAME}. Shorten the name or its version in the recipe, or give "
                f"the server a shorter domain than that of {app.domain}."
            )
