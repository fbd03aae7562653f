"""Each secret of a deployed app must have been made for this app."""

from ccci.deploy.driver import AppDriver
from ccci.errors import RecipeFailure
from ccci.recipe.compose import read_compose
from ccci.recipe.envfile import read_env, read_exports
from ccci.recipe.fixed_secrets import (
    fixed_options,
    fixed_texts,
    fixed_variables,
    secrets_of_others,
)
from ccci.recipe.offered import SAMPLE
from ccci.review.config_names import configs_of


def check_secrets_are_own(driver: AppDriver) -> str:
    """Fail when the recipe itself holds a secret of the app; return what was looked at.

    Args:
        driver: the app's.

    Raises:
        RecipeFailure: a secret is a text of the recipe or shared with other apps, or a variable
            that is named for a secret has a fixed text, or so has a line of a config or an option
            in a script. A recipe
            without recipe.toml cannot give a reason, so that only its secrets that are texts count.
    """
    contents = [read_compose(path) for path in driver.compose_files()]
    folder, config = driver.checkout.path, driver.config
    exports = read_exports(folder / "abra.sh")
    sample = read_env(folder / SAMPLE) if (folder / SAMPLE).is_file() else {}
    settings = {**driver.env, **exports}
    guessed = fixed_variables(contents, settings, {**sample, **exports})
    texts = driver.checkout.texts()
    configs = configs_of({str(n): content for n, content in enumerate(contents)}, texts, exports)
    contents_of = {one.path: one.content for one in configs if one.content is not None}
    guessed |= fixed_texts(contents_of)
    guessed |= fixed_options({**contents_of, "abra.sh": texts.get("abra.sh", "")})
    found = secrets_of_others(contents, settings, driver.app.stack)
    found |= guessed if config.is_written else {}
    noted = {} if config.is_written else guessed
    broken = [sentence for name, sentence in found.items() if name not in config.not_secret]
    if broken:
        raise RecipeFailure(
            "Expected abra to make each secret for this app alone:\n"
            + "\n".join(broken)
            + "\nIf one is no secret, name it in [not_secret] of recipe.toml with the reason."
        )
    named = sorted({str(name) for content in contents for name in content.get("secrets") or {}})
    lines = [f"Secrets: {', '.join(named) or 'none'}.", *noted.values()]
    return "\n".join(lines)
