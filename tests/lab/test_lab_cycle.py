"""Up and down on a machine of their own: what is refused, resumed, left alone and undone."""

import resource
import subprocess
from collections.abc import Iterator

import pytest

from lab import imagelist
from lab.up import OF_THE_LAB
from tests.lab.lab_sandbox import Sandbox, machine

pytestmark = pytest.mark.lab
FOREIGN = "foreign"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with machine(tmp_path_factory.mktemp("machine")) as made:
        yield made


def test_a_taken_port_is_named_with_its_program_and_the_setting(sandbox: Sandbox) -> None:
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
    assert "port 443 is taken by python3 (process " in done.output
    assert "LAB_HTTPS_PORT" in done.output
    assert not (sandbox.state / "lab").exists(), "nothing may be left"


def test_an_image_that_cannot_be_had_stops_up_with_one_sentence(sandbox: Sandbox) -> None:
    done = sandbox.lab("up", "--recipe", "custom-html")
    assert done.code == 1
    assert "Traceback" not in done.output
    last = done.output.strip().splitlines()[-1]
    assert last.startswith("lab: the base image of Debian"), last
    assert "/logs/debian-" in last
    status = sandbox.lab("status").output
    assert "missing backup-bot-two:1.0.0: the base image of Debian" in status


def test_up_goes_on_where_it_was_stopped(sandbox: Sandbox) -> None:
    refs = {ref for name in OF_THE_LAB for ref in imagelist.images_of(name)}
    archive = sandbox.folder / "images.tar"
    subprocess.run(["docker", "save", "-o", str(archive), *sorted(refs)], check=True)
    assert sandbox.run("docker", "load", "-i", str(archive)).code == 0
    archive.unlink()
    done = sandbox.lab("up")
    assert done.code == 0, done.output
    assert "answers, certificate verified" in done.output


def test_a_second_up_starts_nothing(sandbox: Sandbox) -> None:
    services = ["docker", "service", "inspect", "--format", "{{.ID}} {{.Version.Index}}"]
    ids = sorted(sandbox.lines("docker", "service", "ls", "--quiet"))
    before = sandbox.lines(*services, *ids)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = sandbox.lab("up")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.code == 0, done.output
    assert sandbox.lines(*services, *ids) == before
    assert done.output.count("up already") == 3
    # Work, not wall time: the machine may be busy with something else.
    assert now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime < 2


def test_a_new_certificate_and_other_ports_are_taken_into_use(sandbox: Sandbox) -> None:
    (sandbox.state / "lab" / "ca" / "wildcard.pem").unlink()
    done = sandbox.lab("up", LAB_HTTPS_PORT="8443", LAB_HTTP_PORT="8080")
    assert done.code == 0, done.output
    assert "certificate issued for *.lab.test" in done.output
    assert "answers, certificate verified" in done.output
    again = sandbox.lab("up")
    assert "ports 8080 and 8443 ... held by the lab" in again.output, "ports are remembered"
    assert again.output.count("up already") == 3
    knock = "import socket; socket.create_connection(('127.0.0.1', 80), 5)"
    assert "refused" in sandbox.run("python3", "-c", knock).output


def test_down_leaves_alone_what_the_lab_did_not_make(sandbox: Sandbox) -> None:
    for command in (
        ["docker", "volume", "create", FOREIGN],
        ["docker", "service", "create", "-qd", "--name", FOREIGN, "nginx:1.26.3"],
    ):
        assert sandbox.run(*command).code == 0
    done = sandbox.lab("down")
    assert done.code == 1
    assert f"it holds what the lab did not make (service {FOREIGN})" in done.output
    names = "{{.Name}}"
    assert sandbox.lines("docker", "service", "ls", "--format", names) == {FOREIGN}
    assert sandbox.lines("docker", "volume", "ls", "--format", names) == {FOREIGN}
    assert sandbox.lines("docker", "secret", "ls", "--format", names) == set()
    assert sandbox.lines("docker", "config", "ls", "--format", names) == set()


def test_down_then_undoes_the_rest(sandbox: Sandbox) -> None:
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
    assert sandbox.lab("down").output.startswith("lab  nothing to undo")
