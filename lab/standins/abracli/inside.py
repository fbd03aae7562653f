"""Runs commands and functions of abra.sh in an app's containers, copies files, shows logs."""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence

from lab.standins.abracli import engine
from lab.standins.abracli.app import App
from lab.standins.abracli.deploy import require_deployed
from lab.standins.abracli.logs import Fatal, debug


def container_of(app: App, service: str) -> str:
    """Return the id of a service's newest running container.

    Raises:
        Fatal: the app is not deployed, or the service is not running.
    """
    require_deployed(app)
    label = f"com.docker.swarm.service.name={app.stack}_{service}"
    filters = {"label": [label], "status": ["running"]}
    found = engine.request("GET", "/containers/json", {"filters": filters}) or []
    if not found:
        raise Fatal(f"no running container of {app.stack}_{service}")
    return str(max(found, key=lambda c: int(c["Created"]))["Id"])


def execute(app: App, service: str, arguments: Sequence[str], tty: bool, user: str = "") -> None:
    """Run a command in a service's container, with stdin, stdout and stderr of this process.

    Raises:
        Fatal: its exit code is not 0.
    """
    line = ["docker", "exec", "--interactive"]
    line += ["--tty"] if tty else []
    line += ["--user", user] if user else []
    line += [container_of(app, service), *arguments]
    debug(" ".join(line))
    code = subprocess.run(line, env=engine.child_environment(), check=False).returncode
    if code:
        raise Fatal(f"exit status {code}")


def functions(app: App) -> list[str]:
    """Return the names of the functions in abra.sh."""
    file = app.recipe.path / "abra.sh"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return sorted(re.findall(r"^(?:function\s+)?([A-Za-z]\w*)\s*\(\)", text, re.MULTILINE))


def call(
    app: App, service: str, function: str, arguments: Sequence[str], tty: bool, user: str = ""
) -> None:
    """Run a function of abra.sh in a service's container."""
    _require_function(app, function)
    container = container_of(app, service)
    engine.run_docker(["cp", str(app.recipe.path / "abra.sh"), f"{container}:/tmp"])
    has_bash = subprocess.run(
        ["docker", "exec", container, "test", "-e", "/bin/bash"],
        env=engine.child_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    shell = "/bin/bash" if has_bash.returncode == 0 else "/bin/sh"
    script = (
        f"TARGET={service}; APP_NAME={app.name}; STACK_NAME={app.stack}; . /tmp/abra.sh; "
        + shlex.join([function, *arguments])
    )
    execute(app, service, [shell, "-c", script], tty, user)


def call_locally(app: App, function: str, arguments: Sequence[str]) -> None:
    """Run a function of abra.sh on this machine, with the app's settings in its environment."""
    _require_function(app, function)
    script = f"TARGET=local; APP_NAME={app.name}; STACK_NAME={app.stack}; "
    script += f". {shlex.quote(str(app.recipe.path / 'abra.sh'))}; "
    script += shlex.join([function, *arguments])
    env = {**os.environ, **app.settings()}
    env.pop("PYTHONPATH", None)
    code = subprocess.run(["/bin/bash", "-c", script], env=env, check=False).returncode
    if code:
        raise Fatal(f"exit status {code}")


def copy(app: App, source: str, target: str) -> None:
    """Copy files; exactly one side is <service>:<path>."""
    ends = []
    for end in (source, target):
        service, colon, path = end.partition(":")
        inside = bool(colon) and "/" not in service
        ends.append((inside, f"{container_of(app, service)}:{path}" if inside else end))
    if ends[0][0] == ends[1][0]:
        raise Fatal("one of <src> and <dst> must be <service>:<path>")
    engine.run_docker(["cp", ends[0][1], ends[1][1]])


def stream_logs(app: App, service: str, since: str, only_stderr: bool) -> int:
    """Print the logs of one service, or of all, until the process is killed."""
    require_deployed(app)
    names = [str(s["Spec"]["Name"]) for s in engine.of_stack("services", app.stack)]
    wanted = f"{app.stack}_{service}"
    if service and wanted not in names:
        raise Fatal(f"{app.name} has no service '{service}'")
    arguments = ["docker", "service", "logs", "--follow", *(["--since", since] if since else [])]
    children = [
        subprocess.Popen(
            [*arguments, name],
            env=engine.child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if only_stderr else None,
        )
        for name in ([wanted] if service else sorted(names))
    ]
    try:
        return max(child.wait() for child in children)
    finally:
        for child in children:
            child.kill()


def _require_function(app: App, name: str) -> None:
    known = functions(app)
    if name not in known:
        only = ", ".join(known) or "none"
        raise Fatal(f"{app.recipe.name} has no command '{name}', only: {only}")
