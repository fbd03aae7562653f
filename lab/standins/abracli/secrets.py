"""An app's secrets: which it needs, how values are made, and those on the server."""

import base64
import re
import secrets
import string
from dataclasses import dataclass
from typing import Any

from lab.standins.abracli import engine
from lab.standins.abracli.app import App
from lab.standins.abracli.compose import Compose, files_of, fill_in
from lab.standins.abracli.engine import EngineError
from lab.standins.abracli.logs import Fatal, warn

LONGEST_NAME = 64
_ALPHABETS = {
    "default": string.ascii_letters + string.digits,
    "alnum": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "special": "!@#$%^&*_-+=",
    "safespecial": "!@#%^&*_-+=",
}
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"


@dataclass(frozen=True)
class WantedSecret:
    """A secret that the app's active compose files use.

    Attributes:
        name: its name in the recipe.
        version: such as v1.
        full_name: its name on the server.
        length: how many characters to generate; None: a passphrase.
        charset: names of alphabets, comma separated; "" for the default.
        generate: False when an operator has to insert it.
    """

    name: str
    version: str
    full_name: str
    length: int | None
    charset: str
    generate: bool


def wanted(app: App) -> list[WantedSecret]:
    """Return the secrets of the app's active compose files; others are not considered.

    Raises:
        Fatal: one has no version in the .env, or a remark makes no sense.
    """
    settings = app.settings()
    found = []
    for name, raw in Compose(files_of(app.recipe, settings), settings).secrets().items():
        variable = re.search(r"SECRET_\w+_VERSION", raw)
        key = variable.group(0) if variable else f"SECRET_{name.upper()}_VERSION"
        version = settings.get(key) or ""
        full_name = fill_in(raw, settings)
        if not version and variable:
            raise Fatal(f"missing version for secret '{name}': {key} is not set in {app.path.name}")
        remarks = app.file.remarks.get(key, {})
        length = remarks.get("length")
        if length is not None and not re.fullmatch(r"[1-9]\d{0,3}", length, re.ASCII):
            raise Fatal(f"{app.path.name}: length={length[:20]} of {key} is not 1 to 9999")
        found.append(
            WantedSecret(
                name,
                version or full_name.rpartition("_")[2],
                full_name,
                int(length) if length else None,
                remarks.get("charset", ""),
                remarks.get("generate", "true").lower() != "false",
            )
        )
    return found


def new_value(length: int | None, charset: str = "") -> str:
    """Return a random password of `length` characters, without a length a passphrase.

    Args:
        length: characters, None for a passphrase.
        charset: hex, alnum, default, special, safespecial, or several with commas.
    """
    if length is None:
        # The real one takes words from a diceware list. Eight syllable pairs: more than 90 bits.
        return "-".join(
            "".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(3))
            for _ in range(5)
        )
    names = [name.strip().lower() for name in charset.split(",") if name.strip()] or ["default"]
    unknown = [name for name in names if name not in _ALPHABETS]
    if unknown:
        warn(f"unknown charset {', '.join(unknown)}: using the default")
    letters = "".join(_ALPHABETS.get(name, _ALPHABETS["default"]) for name in names)
    alphabet = sorted(set(letters))
    return "".join(secrets.choice(alphabet) for _ in range(length))


def on_server(app: App) -> dict[str, dict[str, Any]]:
    """Return the secrets whose names begin with the app's stack: name to what Docker says."""
    found = engine.ask("GET", "/secrets", {"filters": {"name": [f"{app.stack}_"]}}) or []
    named = {str(secret["Spec"]["Name"]): secret for secret in found}
    return {name: s for name, s in sorted(named.items()) if name.startswith(f"{app.stack}_")}


def store(app: App, name: str, version: str, value: str) -> None:
    """Create a secret on the server. The value travels in a request's body only.

    Raises:
        EngineError: status 409 when it exists.
        Fatal: its name is too long for the Swarm.
    """
    full_name = f"{app.stack}_{name}_{version}"
    if len(full_name) > LONGEST_NAME:
        raise Fatal(
            f"secret '{full_name}' has {len(full_name)} characters, the Swarm takes {LONGEST_NAME}"
        )
    data = base64.b64encode(value.encode("utf-8")).decode("ascii")
    engine.ask("POST", "/secrets/create", body={"Name": full_name, "Data": data})


def generate(app: App, chosen: list[WantedSecret]) -> dict[str, str]:
    """Generate and store values for `chosen`; those that exist already stay, with a warning.

    Returns:
        name to value of those made now.
    """
    made = {}
    for secret in chosen:
        value = new_value(secret.length, secret.charset)
        try:
            store(app, secret.name, secret.version, value)
        except EngineError as error:
            if error.status != 409:
                raise
            warn(f"{secret.full_name} already exists")
            continue
        made[secret.name] = value
    return made


def require_all(app: App) -> None:
    """Raise unless every secret of the app is on the server."""
    there = on_server(app)
    for secret in wanted(app):
        if secret.full_name not in there:
            if secret.generate:
                raise Fatal(f"secret not generated: {secret.full_name}")
            raise Fatal(f"secret not inserted (#generate=false): {secret.full_name}")


def remove(app: App, names: list[str]) -> None:
    """Remove secrets by their names on the server.

    Raises:
        Fatal: one is in use.
    """
    there = on_server(app)
    for name in names:
        engine.ask("DELETE", f"/secrets/{there[name]['ID']}")
