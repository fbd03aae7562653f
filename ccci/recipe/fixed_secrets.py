"""Secrets that a recipe holds itself: the same for every app of it, and known to everybody.

By the convention of Co-op Cloud a secret is external, and abra makes it for each app. Against it
are a secret with a text in the recipe, one that several apps share, and a variable that is named
for a secret and has a fixed text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ccci.recipe.compose import as_map, fill_in, services_of

_KEYS = "ACCESS|API|APP|AUTH|ENCRYPTION|HASH|MASTER|PRIVATE|SECRET|SIGNING"
_IS_SECRET = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASS|PWD|SECRET|TOKEN|SALT|JWT|CREDENTIALS?|SECRET_KEY_BASE"
    rf"|(?:{_KEYS})_?KEY)$|(?:PASSWORD|SECRET|TOKEN)$",
    re.IGNORECASE,
)
# A switch, or where a secret lies.
_IS_NO_VALUE = re.compile(r"|true|false|yes|no|on|off|null|none|0|1|/.*|file:.*", re.IGNORECASE)

# A random text, as somebody makes one for a secret.
_RANDOM = re.compile(r"(?=.*\d)[\w+/=.~-]{16,}")
_LINE = re.compile(r"^\s*[\"']?([\w.-]+)[\"']?\s*[:=]\s*[\"']?([^\s\"']+)[\"']?[,;]?\s*$", re.M)

# An option of a command with a text of its own: `--password welcome`, `--admin-token=abc`. What
# stands for a value, as `"$1"` and `<password>`, begins otherwise.
_OPTION = re.compile(
    r"(?<![\w-])--((?!no-|random-|reset-|require-|must-)(?:[\w-]*-)?(?:password|passwd|secret|token))"
    r"[= ]+[\"']?([A-Za-z0-9][^\s\"']*)"
)


def fixed_options(files: Mapping[str, str]) -> dict[str, str]:
    """Return the options of commands in scripts that give a password or a token of the recipe.

    Args:
        files: path to text of abra.sh and of the scripts that are configs of the app.

    Returns:
        Option without its dashes to a sentence, without the value.

    Example:
        >>> list(fixed_options({"abra.sh": "gitea admin user create --password welcome1"}))
        ['password']
    """
    return {
        option: (
            f"{path} gives --{option} a text of the recipe, the same for every app. Let the "
            "command make one, or read it from a secret."
        )
        for path, text in files.items()
        for line in text.splitlines()
        if not line.lstrip().startswith("#")
        for option, value in _OPTION.findall(line)
        # PASSWORD stands for one in the text of a usage.
        if not _IS_NO_VALUE.fullmatch(value) and not value.isupper()
    }


def fixed_texts(files: Mapping[str, str]) -> dict[str, str]:
    """Return what is named for a secret in configuration files and has a random text of the recipe.

    Args:
        files: path to text of the files that are configs of the app.

    Returns:
        Name to a sentence, without the value.

    Example:
        >>> list(fixed_texts({"app.ini": "INTERNAL_TOKEN = 9f2c41d07be84c0e9d7a6b5f"}))
        ['INTERNAL_TOKEN']
    """
    return {
        name: (
            f"'{name}' has a text of the recipe in {path}, the same for every app. Let abra make a "
            "secret for it, and let the template read that."
        )
        for path, text in files.items()
        for name, value in _LINE.findall(text)
        if _IS_SECRET.search(name) and _RANDOM.fullmatch(value)
        # A path, or what the Swarm fills in.
        if not value.startswith(("/", "file:")) and "{{" not in value
    }


def secrets_of_others(
    contents: Iterable[Mapping[str, Any]], settings: Mapping[str, str], stack: str
) -> dict[str, str]:
    """Return the secrets that abra does not make for this app: name to a sentence.

    Args:
        contents: the compose files that the app is deployed with.
        settings: the app's, with what abra.sh exports.
        stack: the app's.

    Example:
        >>> list(secrets_of_others([{"secrets": {"key": {"file": "./key"}}}], {}, "blog"))
        ['key']
    """
    found = {}
    for content in contents:
        for name, entry in (content.get("secrets") or {}).items():
            table = entry if isinstance(entry, Mapping) else {}
            external = table.get("external")
            named = external.get("name") if isinstance(external, Mapping) else table.get("name")
            in_swarm = fill_in(str(named or name), {**settings, "STACK_NAME": stack})
            version = f"SECRET_{str(name).upper()}_VERSION"
            remedy = (
                f"Write 'external: true' and 'name: ${{STACK_NAME}}_{name}_${{{version}}}', so "
                "that abra makes it for each app."
            )
            if not external:
                where = (
                    f"the file {table['file']} of the recipe" if "file" in table else "the recipe"
                )
                found[str(name)] = (
                    f"secret '{name}' is a text in {where}, the same for every app. {remedy}"
                )
            elif not in_swarm.startswith(f"{stack}_"):
                found[str(name)] = (
                    f"secret '{name}' is '{in_swarm}' in the Swarm, which is not this app's alone. "
                    f"{remedy}"
                )
    return found


def fixed_variables(
    contents: Iterable[Mapping[str, Any]], settings: Mapping[str, str], sample: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that are named for a secret and have a text of the recipe.

    Args:
        contents: the compose files that the app is deployed with.
        settings: the app's, with what abra.sh exports.
        sample: those of .env.sample, with what abra.sh exports: what every app begins with.

    Returns:
        Name to a sentence, without the value.

    Example:
        >>> service = {"environment": {"DB_PASSWORD": "wiki", "DB_PASSWORD_FILE": "/run/x"}}
        >>> list(fixed_variables([{"services": {"db": service}}], {}, {}))
        ['DB_PASSWORD']
    """
    found = {}
    for service, parts in services_of(contents).items():
        variables: dict[str, str] = {}
        for part in parts:
            variables |= as_map(part.get("environment"))
        for name, text in variables.items():
            # Without a value it is passed on by its name.
            text = text or f"${{{name}}}"
            value = fill_in(text, settings)
            is_fixed = value == fill_in(text, sample) and not _IS_NO_VALUE.fullmatch(value)
            if is_fixed and _IS_SECRET.search(name):
                found[name] = (
                    f"variable {name} of service '{service}' has a text of the recipe, the same "
                    f"for every app. Let abra make a secret for it, and use {name}_FILE or an "
                    "entrypoint that reads it."
                )
    return found
