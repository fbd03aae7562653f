"""How git speaks to a server: whom it trusts, where names lead, and who it says it is.

Names and trust come from the server file, credentials from a program that git asks: they stand in
no address, no command line and no file. What the machine's own git is set up with does not count.
"""

import os
import urllib.parse
from pathlib import Path

from ccci.node.names import address_of
from ccci.node.server import Server
from ccci.web.accounts import Account

# git runs it with its question as argument, and reads the answer.
_ASKED = """#!/bin/sh
case "$1" in
    Username*) printf '%s\\n' "$CCCI_GIT_USERNAME" ;;
    *) printf '%s\\n' "$CCCI_GIT_PASSWORD" ;;
esac
"""


def settings_for(url: str, server: Server) -> list[str]:
    """Return git's settings for an address, each as `key=value`.

    Example:
        >>> settings_for("https://git.lab.test/a.git", Server(domain="lab.test"))
        ['http.sslVerify=true', 'http.proxy=', 'credential.helper=']
    """
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (80 if parts.scheme == "http" else 443)
    settings = ["http.sslVerify=true", "http.proxy=", "credential.helper="]
    if server.ca_bundle:
        settings.append(f"http.sslCAInfo={server.ca_bundle}")
    address = address_of(host, server.names)
    if address:
        settings.append(f"http.curloptResolve={host}:{port}:{address}")
    return settings


def environment_for(folder: Path, account: Account | None) -> dict[str, str]:
    """Return the environment for git, in which it asks for the account's credentials.

    Args:
        folder: private and there; the program that git asks is written into it, and it is git's
            home.
        account: who speaks; None for a passer-by.

    Example:
        >>> environment_for(Path("/run/private"), None)["GIT_TERMINAL_PROMPT"]  # doctest: +SKIP
        '0'
    """
    # GIT_SSL_CAINFO and the like of the machine would beat the server file.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    asked = folder / "asked"
    if not asked.exists():
        asked.write_text(_ASKED, encoding="ascii")
        asked.chmod(0o700)
    name = account.name if account else "a passer-by"
    return {
        **kept,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": str(asked),
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": "author@example.org",
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": "author@example.org",
        "CCCI_GIT_USERNAME": account.name if account else "",
        "CCCI_GIT_PASSWORD": account.password if account else "",
    }
