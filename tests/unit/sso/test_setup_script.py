"""A setup script is told what it needs and no more; its failure is told without secrets."""

import json
from pathlib import Path

import pytest

from ccci.deploy.abra import Abra
from ccci.errors import Misuse, NodeFailure
from ccci.node.server import Server
from ccci.node.state import ProcessIdentity
from ccci.recipe.config import RecipeConfig, Sso
from ccci.recipe.envfile import read_env
from ccci.results.credentials import CredentialStore
from ccci.sso.setup_script import SetupScript, find_setup_script
from ccci.waiting import Look, wait_for

TOLD = {
    *("ABRA", "ABRA_DIR", "CCCI_DEPS_FILE", "CCCI_CREDENTIALS_FILE", "CCCI_APP_DOMAIN"),
    *("CCCI_APP_URL", "CCCI_APP_ENV", "CCCI_CA_BUNDLE", "PATH", "PYTHONPATH"),
}
# What a shell sets for itself.
SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}


def written(folder: Path, text: str, mode: int = 0o755) -> Path:
    path = folder / "recipes" / "wiki" / "setup.sh"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def script(folder: Path, text: str, within_seconds: float = 30) -> SetupScript:
    """Make a script for an app that was just made, and a provider that is up."""
    env_path, deps_file = folder / "wiki.lab.test.env", folder / "deps.json"
    env_path.write_text("TYPE=wiki\nDOMAIN=wiki.lab.test\n")
    deps_file.write_text(json.dumps({"keycloak": {"url": "https://keycloak-ab12-1.lab.test"}}))
    private = folder / "run"
    private.mkdir(mode=0o700)
    return SetupScript(
        path=written(folder, text),
        domain="wiki.lab.test",
        env_path=env_path,
        deps_file=deps_file,
        server=Server(domain="lab.test", ca_bundle=folder / "bundle.pem", https_port=8443),
        abra=Abra(Path("/usr/bin/env"), folder / "abra"),
        credentials=CredentialStore(private / "store" / "credentials.json"),
        folder=private,
        within_seconds=within_seconds,
    )


def test_it_writes_the_settings_and_hands_its_credentials_over(tmp_path: Path) -> None:
    wiring = script(
        tmp_path,
        """#!/usr/bin/env python3
import json, os, stat
from pathlib import Path
from ccci.recipe.envfile import set_env

deps = json.loads(Path(os.environ["CCCI_DEPS_FILE"]).read_text())
back = os.environ["CCCI_APP_URL"] + "/callback"
settings = {"OIDC_PROVIDER": deps["keycloak"]["url"], "OIDC_BACK": back}
set_env(Path(os.environ["CCCI_APP_ENV"]), settings)
made = Path(os.environ["CCCI_CREDENTIALS_FILE"])
assert stat.S_IMODE(made.stat().st_mode) == 0o600
made.write_text(json.dumps({"wiki client": "the-client-secret"}))
""",
    )
    wiring.run()
    assert read_env(wiring.env_path) == {
        "TYPE": "wiki",
        "DOMAIN": "wiki.lab.test",
        "OIDC_PROVIDER": "https://keycloak-ab12-1.lab.test",
        "OIDC_BACK": "https://wiki.lab.test:8443/callback",
    }
    assert wiring.credentials.get("wiki client") == "the-client-secret"
    # Only the run's own store has them now.
    assert [path.name for path in wiring.folder.iterdir()] == ["store"]


def test_its_environment_is_told_in_full_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "not for scripts")
    monkeypatch.setenv("CCCI_RUN_ID", "20260102-030405-ab12")
    monkeypatch.setenv("LD_PRELOAD", "")
    wiring = script(tmp_path, "#!/bin/sh\n$ABRA > seen\n")
    wiring.run()
    seen = dict(
        line.split("=", 1) for line in (wiring.path.parent / "seen").read_text().splitlines()
    )
    assert set(seen) >= TOLD | {"CCCI_RUN_ID"}
    extra = {"HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "CCCI_STATE_DIR", "CCCI_SERVER_FILE"}
    more = set(seen) - TOLD - SHELL - extra - {"CCCI_RUN_ID"}
    assert {name for name in more if not name.startswith("DOCKER_")} == set()
    assert seen["ABRA_DIR"] == str(tmp_path / "abra")
    assert seen["CCCI_APP_DOMAIN"] == "wiki.lab.test"


def test_its_failure_has_its_last_lines_and_no_secret(tmp_path: Path) -> None:
    wiring = script(
        tmp_path,
        """#!/bin/sh
seq 100
printf '{"wiki client": "the-client-secret"}' > "$CCCI_CREDENTIALS_FILE"
echo "refused: client wiki with the-client-secret, password the-admin-password" >&2
exit 3
""",
    )
    wiring.credentials.put("keycloak/admin_password", "the-admin-password")
    with pytest.raises(NodeFailure) as told:
        wiring.run()
    said = str(told.value)
    assert said.startswith("The setup script setup.sh ended with exit code 3: 94 | 95 | ")
    assert said.endswith("refused: client wiki with <secret>, password <secret>")
    assert wiring.credentials.get("wiki client") == "the-client-secret"
    assert [path.name for path in wiring.folder.iterdir()] == ["store"]


@pytest.mark.parametrize(
    ("last", "failure"),
    [("wait", "did not end within 2 s and was killed: at work"), ("exit 0", "")],
)
def test_nothing_that_it_started_goes_on(tmp_path: Path, last: str, failure: str) -> None:
    wiring = script(tmp_path, f"#!/bin/sh\nsleep 300 &\necho $! > child\necho at work\n{last}\n", 2)
    child = wiring.path.parent / "child"
    if failure:
        with pytest.raises(NodeFailure, match=failure):
            wiring.run()
    else:
        wiring.run()
    pid = int(child.read_text())

    def look() -> Look:
        try:
            return Look(not ProcessIdentity.of(pid).alive(), f"process {pid}")
        except ProcessLookupError:
            return Look(True, "gone")

    wait_for("what it started to be gone", look, 5)


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', '{"a": ""}', "name=value", '{"a": null}'])
def test_what_is_no_credentials_is_refused(tmp_path: Path, text: str) -> None:
    wiring = script(tmp_path, f"#!/bin/sh\nprintf '%s' '{text}' > $CCCI_CREDENTIALS_FILE\n")
    with pytest.raises(Misuse, match="one JSON object of names and non-empty texts"):
        wiring.run()


def test_a_file_that_names_no_program_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"cannot be run \(Exec format error\)"):
        script(tmp_path, "echo no first line\n").run()


CONFIG = RecipeConfig(sso=Sso(provider="keycloak", setup_script="setup.sh"))


def test_it_is_found_in_the_recipes_own_folder(tmp_path: Path) -> None:
    path = written(tmp_path, "#!/bin/sh\n")
    assert find_setup_script(tmp_path, "wiki", CONFIG) == path
    assert find_setup_script(tmp_path, "wiki", RecipeConfig()) is None
    named = RecipeConfig(sso=Sso(provider="keycloak"))
    assert find_setup_script(tmp_path, "wiki", named) is None


def test_what_is_no_executable_file_of_that_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"there is no file recipes/wiki/setup\.sh"):
        find_setup_script(tmp_path, "wiki", CONFIG)
    path = written(tmp_path, "#!/bin/sh\n", 0o644)
    with pytest.raises(Misuse, match=r"chmod \+x recipes/wiki/setup\.sh"):
        find_setup_script(tmp_path, "wiki", CONFIG)
    path.unlink()
    path.symlink_to("/bin/sh")
    with pytest.raises(Misuse, match="is outside of its folder"):
        find_setup_script(tmp_path, "wiki", CONFIG)
