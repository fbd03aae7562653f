"""The credentials of a run: stored in one file of mode 0600, and found in any file in any form."""

import base64
import html
import json
import os
import re
import secrets
import threading
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, quote_plus

from ccci.errors import Misuse

# Shorter values can be in ordinary text by chance; redacting them would make logs unreadable.
SHORTEST_SECRET = 6
REDACTED = "<secret>"


class CredentialStore:
    """Credentials by name, in one file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Open the store; it is empty if the file does not exist."""
        self._path = path
        self._values: dict[str, str] = {}
        self._former: dict[str, str] = {}
        # Dependencies are deployed in parallel, each with its own secrets.
        self._writing = threading.Lock()
        if path.exists():
            self._values = json.loads(path.read_text(encoding="utf-8"))

    def put(self, name: str, value: str) -> None:
        """Store a value under a name; it is on disk before it is used anywhere."""
        with self._writing:
            if name in self._values:
                # Logs may contain the old value, so it is still searched for.
                self._former = {**self._former, self._values[name]: name}
            # A new dict each time, because other threads may be reading the old one.
            self._values = {**self._values, name: value}
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._path.with_name(f"{self._path.name}.new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._values, file)
            fresh.replace(self._path)

    def generate(self, name: str, length: int = 32) -> str:
        """Generate a random value of this many characters, store it and return it.

        It has a small letter, a capital letter and a digit: many apps demand them in a password.
        """
        demanded = "aA1"
        value = secrets.token_urlsafe(length)[: length - len(demanded)] + demanded
        self.put(name, value)
        return value

    def get(self, name: str) -> str:
        """Return a value.

        Raises:
            Misuse: there is none of that name; the message lists the names.
        """
        if name not in self._values:
            known = ", ".join(sorted(self._values)) or "none"
            raise Misuse(f"This run has no credential {name!r}; it has: {known}.")
        return self._values[name]

    def below(self, prefix: str) -> dict[str, str]:
        """Return the values whose names begin with `<prefix>/`, by the rest of the name."""
        start = f"{prefix}/"
        return {k.removeprefix(start): v for k, v in self._values.items() if k.startswith(start)}

    def values(self) -> list[str]:
        """Return all values to search for, including replaced ones."""
        return list(dict.fromkeys([*self._values.values(), *self._former]))

    def names_by_value(self) -> dict[str, str]:
        """Return the name of each value, including replaced values."""
        return self._former | {value: name for name, value in self._values.items()}


def forms_of(secret: str) -> set[str]:
    """Return the forms that a secret can have in a text file.

    Plain, base64 (at each of its three alignments), URL-encoded, JSON-escaped, HTML-escaped; and
    each of these escaped once more, for example JSON on an HTML page.
    """
    forms = _escapes(secret) | _base64_of(secret)
    return {twice for form in forms for twice in _escapes(form) if len(twice) >= SHORTEST_SECRET}


def _escapes(text: str) -> set[str]:
    urls = {quote(text, safe="/"), quote(text, safe=""), quote_plus(text)}
    texts = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {
        text,
        *urls,
        *(re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), url) for url in urls),
        *texts,
        *(escaped.replace("/", "\\/") for escaped in texts),
        html.escape(text),
        html.escape(text).replace("&#x27;", "&#39;"),
        html.escape(text, quote=False),
        html.escape(text, quote=False).replace('"', "&quot;"),
    }


def _base64_of(secret: str) -> set[str]:
    raw = secret.encode("utf-8")
    forms: set[str] = set()
    for shift in range(3):
        # Only characters that depend on nothing but the secret: those at both ends do not.
        encoded = base64.b64encode(b"\0" * shift + raw).decode("ascii").rstrip("=")
        inner = encoded[
            (0, 2, 3)[shift] : len(encoded) - (1 if len(raw + b"\0" * shift) % 3 else 0)
        ]
        if len(inner) >= SHORTEST_SECRET:
            forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms


def redact(text: str, secrets: list[str], by: str = REDACTED) -> str:
    """Return a text with every form of every secret replaced."""
    kept, end = [], 0
    for first, last in _places(text, tuple(secrets)):
        kept += [text[end:first], by]
        end = last
    return "".join([*kept, text[end:]]) if kept else text


def holds_secret(text: str, secrets: list[str]) -> bool:
    """Return whether a text contains any form of any secret."""
    return next(_places(text, tuple(secrets)), None) is not None


def _places(text: str, secrets: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield where each form of a secret begins and ends in a text, from left to right.

    A run has hundreds of secrets, each in dozens of forms. A regular expression of all of them
    takes seconds to compile for each new secret, and minutes for the output of a run.
    """
    by_start = _forms_by_start(secrets)
    at = 0
    while at <= len(text) - SHORTEST_SECRET:
        forms = by_start.get(text[at : at + SHORTEST_SECRET], [])
        found = next((form for form in forms if text.startswith(form, at)), "")
        if found:
            yield at, at + len(found)
        at += len(found) or 1


@lru_cache(maxsize=8)
def _forms_by_start(secrets: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the forms of all secrets by their first characters, each list the longest first."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    # The longest first: otherwise, of a form that contains another, a part would be left.
    for form in sorted({f for s in secrets for f in _forms_once(s)}, key=len, reverse=True):
        found[form[:SHORTEST_SECRET]].append(form)
    return dict(found)


@lru_cache(maxsize=4096)
def _forms_once(secret: str) -> frozenset[str]:
    return frozenset(forms_of(secret))


def read_credentials(path: Path) -> dict[str, str]:
    """Read a TOML file of credentials; the keys of tables are joined with dots.

    Raises:
        Misuse: the file is missing, readable by others, not TOML, or has a value that is not text.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise Misuse(f"{path}: others can read this file. Run 'chmod 600 {path}'.")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Misuse(f"{path}: there is no such credentials file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: not valid TOML: {error}.") from None
    return _flat(content, "", path)


def _flat(table: dict[str, object], prefix: str, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{prefix}{key}.", path))
        elif isinstance(value, str) and value:
            found[prefix + key] = value
        else:
            raise Misuse(f"{path}: '{prefix}{key}' must be non-empty text in quotes.")
    return found
