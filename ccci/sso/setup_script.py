"""A recipe's setup script, which connects app and provider before the app is first deployed.

It is a file of this project, `recipes/<recipe>/<script>`, never one of the recipe under test. It
gets what it needs in files and its environment, and nothing else of this process.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ccci.deploy.abra import Abra
from ccci.errors import Misuse, NodeFailure
from ccci.node.environment import kept_environment
from ccci.node.server import Server
from ccci.project import PROJECT
from ccci.recipe.config import RecipeConfig
from ccci.results.credentials import CredentialStore, redact

WITHIN_SECONDS = 300.0
# What it inherits of this process's environment, beside Docker's variables. By the run's id the
# processes that it leaves running are found.
_KEPT = (
    "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "CCCI_RUN_ID", "CCCI_STATE_DIR", "CCCI_SERVER_FILE",
)  # fmt: skip
_LAST_LINES, _LONGEST_LINE = 8, 300


def find_setup_script(project: Path, recipe: str, config: RecipeConfig) -> Path | None:
    """Return the setup script of a recipe; None if recipe.toml has none.

    Args:
        project: the folder that holds recipes/.
        recipe: the recipe.
        config: its settings.

    Raises:
        Misuse: it is not an executable file in the recipe's folder.
    """
    if config.sso is None or config.sso.setup_script is None:
        return None
    folder = project / "recipes" / recipe
    named = f"recipes/{recipe}/{config.sso.setup_script}"
    script = (folder / config.sso.setup_script).resolve()
    if not script.is_file():
        raise Misuse(f"[sso] setup_script of '{recipe}': there is no file {named}.")
    if not script.is_relative_to(folder.resolve()):
        raise Misuse(f"[sso] setup_script of '{recipe}': {named} is outside of its folder.")
    if not os.access(script, os.X_OK):
        raise Misuse(
            f"[sso] setup_script of '{recipe}': {named} is not executable: 'chmod +x {named}', and "
            "commit that."
        )
    return script


@dataclass(frozen=True)
class SetupScript:
    """One setup script and its input.

    Attributes:
        path: the file.
        domain: of the app, which has been made and not deployed.
        env_path: the app's .env file, which the script may change.
        deps_file: the dependencies file, with credentials.
        server: the server.
        abra: the program and ABRA_DIR with which it inserts secrets.
        credentials: takes the credentials that it makes.
        folder: a private folder, for files between the script and the run.
        within_seconds: after that it is killed.
    """

    path: Path
    domain: str
    env_path: Path
    deps_file: Path
    server: Server
    abra: Abra
    credentials: CredentialStore
    folder: Path
    within_seconds: float = WITHIN_SECONDS

    def run(self) -> None:
        """Run it to its end, and end every process that it started.

        Raises:
            NodeFailure: it failed or took too long; the sentence has its last lines, redacted.
            Misuse: it cannot be run, or its credentials file is malformed.
        """
        made, log = self.folder / "setup-credentials.json", self.folder / "setup-script.log"
        for path in (made, log):
            path.unlink(missing_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            ended = self._run(log, made)
            # First, since its output may have them.
            self._keep_credentials(made)
            if ended:
                raise NodeFailure(f"The setup script {self.path.name} {ended}: {self._output(log)}")
        finally:
            made.unlink(missing_ok=True)
            log.unlink(missing_ok=True)

    def _run(self, log: Path, made: Path) -> str:
        """Return how it failed; "" when it did not."""
        with log.open("ab") as output:
            try:
                process = subprocess.Popen(
                    [self.path],
                    cwd=self.path.parent,
                    env=self._environment(made),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise Misuse(
                    f"The setup script {self.path.name} cannot be run ({error.strerror}): its "
                    "first line must name the program that reads it, as in #!/bin/sh."
                ) from None
        try:
            code = process.wait(self.within_seconds)
        except subprocess.TimeoutExpired:
            return f"did not end within {self.within_seconds:g} s and was killed"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return f"ended with exit code {code}" if code else ""

    def _environment(self, made: Path) -> dict[str, str]:
        bundle = str(self.server.ca_bundle) if self.server.ca_bundle else ""
        programs = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
        return {
            **kept_environment(*_KEPT),
            "PATH": programs,
            "PYTHONPATH": str(PROJECT),
            "ABRA": str(self.abra.program),
            "ABRA_DIR": str(self.abra.abra_dir),
            "CCCI_DEPS_FILE": str(self.deps_file),
            "CCCI_CREDENTIALS_FILE": str(made),
            "CCCI_APP_DOMAIN": self.domain,
            "CCCI_APP_URL": self.server.url_of(self.domain),
            "CCCI_APP_ENV": str(self.env_path),
            **({"CCCI_CA_BUNDLE": bundle} if bundle else {}),
        }

    def _keep_credentials(self, made: Path) -> None:
        text = made.read_text(encoding="utf-8", errors="replace")
        if not text.strip():
            return
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(
            isinstance(value, str) and value for value in found.values()
        ):
            raise Misuse(
                f"The setup script {self.path.name} must write CCCI_CREDENTIALS_FILE as one JSON "
                "object of names and non-empty texts."
            )
        for name, value in found.items():
            self.credentials.put(name, value)

    def _output(self, log: Path) -> str:
        # Redacted as a whole: a credential may be longer than a line, or than what is shown.
        text = redact(log.read_text(encoding="utf-8", errors="replace"), self.credentials.values())
        lines = [line.strip()[:_LONGEST_LINE] for line in text.splitlines() if line.strip()]
        return " | ".join(lines[-_LAST_LINES:]) or "it wrote nothing"
