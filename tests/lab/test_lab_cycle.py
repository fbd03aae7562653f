"""`lab up` and `lab down` in an isolated environment: refuse, resume, keep and remove."""

import resource
import subprocess
from collections.abc import Iterator

import pytest

from lab import imagelist
from lab.up import LAB_RECIPES
from tests.lab.lab_sandbox import Sandbox, machine

pytestmark = pytest.mark.lab
FOREIGN = "foreign"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with machine(tmp_path_factory.mktemp("machine")) as sandbox:
        yield sandbox


def test_the_error_for_a_port_in_use_names_the_program_and_the_setting(sandbox: Sandbox) -> None:
    listen = (
        "import socket,sys; s=socket.create_server(('',443)); print(flush=True); sys.stdin.read()"
    )
    inside = ["nsenter", f"--target={sandbox.process}", "--net", "--pid", "python3", "-c", listen]
    with subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        done = sandbox.lab("up")
        program.kill()
    assert done.code == 1
    assert "port 443 is used by python3 (process " in done.output
    assert "LAB_HTTPS_PORT" in done.output
    assert not (sandbox.state / "lab").exists(), "nothing may be left over"


def test_up_ends_with_one_sentence_if_a_required_image_is_not_available(sandbox: Sandbox) -> None:
    done = sandbox.lab("up", "--recipe", "custom-html")
    assert done.code == 1
    assert "Traceback" not in done.output
    last = done.output.strip().splitlines()[-1]
    assert last.startswith("lab: the base image of Debian"), last
    assert "/logs/debian-" in last
    status = sandbox.lab("status").output
    assert "missing backup-bot-two:1.0.0: the base image of Debian" in status


def test_up_continues_where_it_failed(sandbox: Sandbox) -> None:
    refs = {ref for name in LAB_RECIPES for ref in imagelist.images_of(name)}
    archive = sandbox.folder / "images.tar"
    subprocess.run(["docker", "save", "-o", str(archive), *sorted(refs)], check=True)
    assert sandbox.run("docker", "load", "-i", str(archive)).code == 0
    archive.unlink()
    done = sandbox.lab("up")
    assert done.code == 0, done.output
    assert "responds, certificate verified" in done.output


def test_a_second_up_starts_nothing(sandbox: Sandbox) -> None:
    services = ["docker", "service", "inspect", "--format", "{{.ID}} {{.Version.Index}}"]
    ids = sorted(sandbox.lines("docker", "service", "ls", "--quiet"))
    before = sandbox.lines(*services, *ids)
    usage_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = sandbox.lab("up")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.code == 0, done.output
    assert sandbox.lines(*services, *ids) == before
    assert done.output.count("already up") == 3
    # CPU time, not wall time: the machine may be busy with something else.
    cpu_seconds = usage.ru_utime + usage.ru_stime
    assert cpu_seconds - usage_before.ru_utime - usage_before.ru_stime < 10


def test_a_new_certificate_and_other_ports_take_effect(sandbox: Sandbox) -> None:
    (sandbox.state / "lab" / "ca" / "wildcard.pem").unlink()
    done = sandbox.lab("up", LAB_HTTPS_PORT="8443", LAB_HTTP_PORT="8080")
    assert done.code == 0, done.output
    assert "certificate issued for *.lab.test" in done.output
    assert "responds, certificate verified" in done.output
    again = sandbox.lab("up")
    assert "ports 8080 and 8443 ... used by the lab" in again.output, "ports are remembered"
    assert again.output.count("already up") == 3
    connect = "import socket; socket.create_connection(('127.0.0.1', 80), 5)"
    assert "refused" in sandbox.run("python3", "-c", connect).output


def test_down_keeps_what_the_lab_did_not_create(sandbox: Sandbox) -> None:
    for command in (
        ["docker", "volume", "create", FOREIGN],
        ["docker", "service", "create", "-qd", "--name", FOREIGN, "nginx:1.26.3"],
    ):
        assert sandbox.run(*command).code == 0
    done = sandbox.lab("down")
    assert done.code == 1
    assert f"it has objects that the lab did not create (service {FOREIGN})" in done.output
    names = "{{.Name}}"
    assert sandbox.lines("docker", "service", "ls", "--format", names) == {FOREIGN}
    assert sandbox.lines("docker", "volume", "ls", "--format", names) == {FOREIGN}
    assert sandbox.lines("docker", "secret", "ls", "--format", names) == set()
    assert sandbox.lines("docker", "config", "ls", "--format", names) == set()


def test_down_removes_the_rest_later(sandbox: Sandbox) -> None:
    assert sandbox.run("docker", "service", "rm", FOREIGN).code == 0
    # The containers of a removed service end a moment later.
    ids = sandbox.lines("docker", "ps", "--quiet")
    if ids:
        sandbox.run("docker", "wait", *ids)
    done = sandbox.lab("down")
    assert done.code == 0, done.output
    assert sandbox.run("docker", "info").code != 0, "the lab started the daemon and must stop it"
    left = {path.name for path in (sandbox.state / "lab").iterdir()}
    assert left == {"logs"}
    assert sandbox.lab("down").output.startswith("lab  nothing to remove")
