"""A recipe is data for the machine that tests it: none of it runs there, and nothing leaks."""

import os
import subprocess
from pathlib import Path

import pytest

from ccci.deploy.abra import Abra
from ccci.errors import Misuse
from ccci.recipe.checkout import PLAIN_ATTRIBUTES, check_out
from ccci.recipe.envfile import compose_files, read_env
from lab.standins.abracli import engine, envfile, secrets
from lab.standins.abracli.app import App
from lab.standins.abracli.git import git
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe

_IDENTITY = ("-c", "user.name=anna", "-c", "user.email=anna@example.org")


def _commit(repository: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for arguments in (["add", "--all"], [*_IDENTITY, "commit", "--quiet", "--message", "x"]):
        subprocess.run(["git", "-C", str(repository), *arguments], check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A recipe whose .gitattributes uses everything that changes files or calls programs."""
    path = tmp_path / "recipe"
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(path)], check=True)
    _commit(path, {"compose.yml": b"# $Id$ $Format:%H$\nservices: {}\n"})
    attributes = b"filter=evil ident export-subst diff=evil merge=evil text eol=crlf"
    encoded = b"working-tree-encoding=UTF-16LE-BOM"
    # In this repository itself, git must not change the files.
    (path / ".git" / "info" / "attributes").write_text(PLAIN_ATTRIBUTES)
    _commit(path, {".gitattributes": b"compose.yml " + attributes + b" " + encoded + b"\n"})
    return path


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git configuration that defines the filter of the recipe; each use creates a file."""
    trace = tmp_path / "trace"
    setting = f"""[filter "evil"]
        smudge = touch {trace} && cat
        clean = touch {trace} && cat
        required = true
[core]
        fsmonitor = touch {trace}
        hooksPath = {tmp_path}
"""
    (tmp_path / "gitconfig").write_text(setting)
    (tmp_path / ".gitconfig").write_text(setting)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("HOME", str(tmp_path))
    hook = tmp_path / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
    hook.chmod(0o755)
    return trace


def test_a_plain_clone_does_call_the_filter(repository: Path, evil: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(repository), str(tmp_path / "own")], check=True)
    assert evil.exists()


def test_a_checkout_has_the_files_of_the_commit(
    repository: Path, evil: Path, tmp_path: Path
) -> None:
    checkout = check_out("x", repository, tmp_path / "copy")
    checkout.show_head()
    assert (checkout.path / "compose.yml").read_bytes() == b"# $Id$ $Format:%H$\nservices: {}\n"
    assert not evil.exists()


def test_attributes_alone_call_no_program(repository: Path, tmp_path: Path) -> None:
    """A filter in .gitattributes needs a program in git's configuration."""
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "--quiet", str(repository), str(copy)], check=True)
    text = (copy / "compose.yml").read_bytes().decode("utf-16")
    assert text.startswith("# $Id: ") and text.endswith("\r\nservices: {}\r\n")


def test_the_labs_abra_calls_no_filter(repository: Path, evil: Path, tmp_path: Path) -> None:
    checkout = check_out("x", repository, tmp_path / "copy")
    (checkout.path / ".git" / "info" / "attributes").unlink()
    (checkout.path / "compose.yml").unlink()
    git(checkout.path, "checkout", "--quiet", "--force", "--detach", checkout.commit)
    git(checkout.path, "status", "--porcelain")
    assert (checkout.path / "compose.yml").exists()
    assert not evil.exists()


def test_settings_cannot_refer_to_environment_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_THE_RUNNER", "leaked")
    path = tmp_path / "app.env"
    path.write_text(
        "A=${TOKEN_OF_THE_RUNNER}\nB=\"x$TOKEN_OF_THE_RUNNER\"\nC='${TOKEN_OF_THE_RUNNER}'\n"
        "D=${TOKEN_OF_THE_RUNNER:-d}\nE=$(id)`id`\n"
    )
    found = read_env(path)
    assert "leaked" not in str(found)
    assert (found["A"], found["B"], found["C"]) == ("", "x", "${TOKEN_OF_THE_RUNNER}")
    assert found["E"] == "$(id)`id`"


def test_settings_can_refer_to_earlier_settings(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_text(
        'COMPOSE_FILE=compose.yml\nCOMPOSE_FILE="$COMPOSE_FILE:compose.${X}y.yml"\nX=1\nY=$X\n'
    )
    assert read_env(path) == {
        "COMPOSE_FILE": "compose.yml:compose.y.yml", "X": "1", "Y": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG",
     "DOCKER_CONTEXT", "DOCKER_CLI_HINTS"],
)  # fmt: skip
def test_settings_that_would_affect_the_machine_are_refused(name: str) -> None:
    with pytest.raises(Fatal, match=f"{name} cannot be a setting of an app"):
        engine.child_environment({"A": "1", name: "x"})


def test_other_settings_are_passed_on() -> None:
    found = engine.child_environment({"LDAP_HOST": "x", "DOCKER_VOLUMES": "y", "APP_PATH": "z"})
    assert (found["LDAP_HOST"], found["DOCKER_VOLUMES"], found["APP_PATH"]) == ("x", "y", "z")
    assert found["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize("option", ["-l", "--local", "-tl", "--local=true"])
def test_no_function_of_a_recipe_runs_on_this_machine(option: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = tmp_path / "abra"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    with pytest.raises(Misuse, match=r"would run the recipe's abra\.sh on this machine"):
        Abra(program, tmp_path)("app", "cmd", option, "x.lab.test", "hello")
    assert not trace.exists()


def test_arguments_after_the_dashes_are_not_checked(tmp_path: Path) -> None:
    program = tmp_path / "abra"
    program.write_text("#!/bin/sh\necho $@\n")
    program.chmod(0o755)
    done = Abra(program, tmp_path)("app", "cmd", "x.lab.test", "app", "hello", "--", "-l")
    assert done.stdout.strip() == "app cmd x.lab.test app hello -- -l"


@pytest.mark.parametrize(
    "name", ["/etc/compose.yml", "../other/compose.yml", "a/../../compose.yml"]
)
def test_compose_files_must_be_in_the_recipe(name: str, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="which lies outside of the recipe"):
        compose_files({"COMPOSE_FILE": f"compose.yml:{name}"}, tmp_path)


@pytest.mark.parametrize("length", ["0", "99999", "9" * 5000, "-1", "1e9", "\u00b2", "x"])
def test_the_length_of_a_secret_is_limited(length: str, tmp_path: Path) -> None:
    """A very long one would need all memory of this machine."""
    (tmp_path / "compose.yml").write_text(
        "services:\n  app:\n    secrets: [key]\n"
        "secrets:\n  key:\n    external: true\n    name: x_key_${SECRET_KEY_VERSION}\n"
    )
    env = envfile.parse(f"TYPE=x\nSECRET_KEY_VERSION=v1 # length={length}\n")
    app = App("x.lab.test", "s", tmp_path / "x.env", env, Recipe("x", tmp_path), "")
    with pytest.raises(Fatal, match="is not 1 to 9999"):
        secrets.required(app)
