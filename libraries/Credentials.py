"""Credentials: generated or read, kept as Robot's Secret, never shown."""

import re
from pathlib import Path

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.results.credentials import read_credentials


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Credentials:
    """Passwords and keys of a run. Logs and reports show ``<secret>`` in their place.

    They are kept in the run's own store, which only its owner can read, and are destroyed with it.
    """

    @project_keyword()
    def generate_password(self, name: str, length: int = 32) -> Secret:
        """Makes a new random password, keeps it under a name, and returns it.

        ``length`` is in characters. Fails when no run has begun.

        Example:
        | ${password}=    Generate Password    owner
        | Fill Secret    id=password    $password
        """
        return Secret(session.credentials.generate(name, length))

    @project_keyword()
    def keep_credential(self, name: str, value: Secret) -> None:
        """Keeps a credential that the app made under a name, for `Credential`.

        Replaces what was kept under that name. Fails when no run has begun.

        Example:
        | ${token}=    Secret Of Answer    ${answer}    token
        | Keep Credential    token of anna    ${token}
        """
        session.credentials.put(name, str(value.value))

    @project_keyword()
    def credential(self, name: str) -> Secret:
        """Returns a credential of the run: generated, loaded, or a secret that abra made.

        abra's secrets are named ``<domain>/<secret>``. Fails when there is none of that name, and
        lists the names that there are.

        Example:
        | ${app}=    The App
        | ${key}=    Credential    ${app.domain}/admin_password
        """
        return Secret(session.credentials.get(name))

    @project_keyword("assertion")
    def secrets_should_be_equal(self, seen: Secret, expected: Secret) -> None:
        """Fails when two secrets differ; shows neither.

        Example:
        | ${key}=    Credential    key of the till
        | Secrets Should Be Equal    ${seen}    ${key}
        """
        if seen.value != expected.value:
            raise RecipeFailure("Expected two secrets to be the same; they differ.")

    @project_keyword("assertion")
    def secret_printed_by_abra(self, name: str, pattern: str, *arguments: str) -> Secret:
        """Runs ``abra``, and returns the secret that it prints; keeps it under a name.

        Meant for a secret that a recipe's own command creates and shows once, such as the password
        of an administrator. ``pattern`` is a regular expression with one group, the secret. The
        output is in no log.

        Fails when the command fails, or prints nothing that fits.

        Example:
        | ${app}=    The App
        | ${password}=    Secret Printed By Abra    admin    password: (\\S+)
        | ...    app    cmd    ${app.domain}    app    create_admin    -o    -C
        """
        done = session.abra(*arguments)
        found = re.search(pattern, done.stdout)
        if not found:
            said = done.stdout.strip()[-500:]
            raise RecipeFailure(f"Expected '{done.command}' to print {pattern!r}; it said: {said}")
        session.credentials.put(name, found[1])
        return Secret(found[1])

    @project_keyword()
    def load_credentials(self, path: Path) -> dict[str, Secret]:
        """Reads a TOML file of credentials and returns them by name; tables are joined by dots.

        Only its owner may be able to read the file (mode 600). Fails, naming the key, when a value
        is not text.

        Example:
        | ${credentials}=    Load Credentials    /etc/ccci/mail.toml
        | Sign In    ${credentials}[smtp.password]
        """
        found = read_credentials(path)
        for name, value in found.items():
            session.credentials.put(name, value)
        return {name: Secret(value) for name, value in found.items()}
