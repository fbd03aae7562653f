"""An app's secrets: the required ones, how to generate values, and those on the server."""

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

NAME_LIMIT = 64
_ALPHABETS = {
    "default": string.ascii_letters + string.digits,
    "alnum": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "special": "!@#$%^&*_-+=",
    "safespecial": "!@#%^&*_-+=",
}
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"


@dataclass(frozen=True)
class RequiredSecret:
    """A secret that the app's active compose files use.

    Attributes:
        name: the name in the recipe.
        version: the version, such as v1.
        full_name: the name on the server.
        length: how many characters to generate; None for a passphrase.
        charset: the names of alphabets, separated by commas; "" for the default.
        generate: whether it can be generated; if not, an operator must insert it.
    """

    name: str
    version: str
    full_name: str
    length: int | None
    charset: str
    generate: bool


def required(app: App) -> list[RequiredSecret]:
    """Return the secrets in the app's active compose files.

    Raises:
        Fatal: one has no version in the .env file, or its length is not valid.
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
            RequiredSecret(
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
    """Return a random password or passphrase.

    Args:
        length: the number of characters; None for a passphrase.
        charset: hex, alnum, default, special, safespecial, or several of them with commas.
    """
    if length is None:
        # The real abra uses words of a diceware list. Fifteen syllables have more than 90 bits.
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
    """Return Docker's entries of the secrets whose names start with the app's stack, by name."""
    found = engine.request("GET", "/secrets", {"filters": {"name": [f"{app.stack}_"]}}) or []
    named = {str(secret["Spec"]["Name"]): secret for secret in found}
    return {name: s for name, s in sorted(named.items()) if name.startswith(f"{app.stack}_")}


def store(app: App, name: str, version: str, value: str) -> None:
    """Create a secret on the server. The value is sent in the body of a request only.

    Raises:
        EngineError: it was refused; status 409 if it exists.
        Fatal: its name is too long for Swarm.
    """
    full_name = f"{app.stack}_{name}_{version}"
    if len(full_name) > NAME_LIMIT:
        raise Fatal(
            f"the name of secret '{full_name}' has {len(full_name)} characters, but Swarm allows "
            f"only {NAME_LIMIT}"
        )
    data = base64.b64encode(value.encode("utf-8")).decode("ascii")
    engine.request("POST", "/secrets/create", body={"Name": full_name, "Data": data})


def generate(app: App, chosen: list[RequiredSecret]) -> dict[str, str]:
    """Generate and store secrets. Those that exist are kept, with a warning.

    Returns:
        the value of each new secret, by name.
    """
    generated = {}
    for secret in chosen:
        value = new_value(secret.length, secret.charset)
        try:
            store(app, secret.name, secret.version, value)
        except EngineError as error:
            if error.status != 409:
                raise
            warn(f"{secret.full_name} already exists")
            continue
        generated[secret.name] = value
    return generated


def require_all(app: App) -> None:
    """Raise if a secret of the app is not on the server."""
    existing = on_server(app)
    for secret in required(app):
        if secret.full_name not in existing:
            if secret.generate:
                raise Fatal(f"secret not generated: {secret.full_name}")
            raise Fatal(f"secret not inserted (#generate=false): {secret.full_name}")


def remove(app: App, names: list[str]) -> None:
    """Remove secrets by their names on the server.

    Raises:
        Fatal: one is in use.
    """
    existing = on_server(app)
    for name in names:
        engine.request("DELETE", f"/secrets/{existing[name]['ID']}")
