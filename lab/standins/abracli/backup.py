"""Backup and restore: runs commands in the backup bot's container."""

import subprocess
import time
from pathlib import Path

from lab.standins.abracli import engine
from lab.standins.abracli.app import App
from lab.standins.abracli.logs import Fatal, debug, info, warn

BOT_LABEL = "coop-cloud.backupbot.enabled=true"
PROGRAM = "/usr/bin/backup"
ARCHIVE = "/tmp/backup.tar.gz"


def bot_container() -> str:
    """Return the id of the backup bot's running container.

    Raises:
        Fatal: there is no backup bot, or it is not running.
    """
    services = engine.request("GET", "/services", {"filters": {"label": [BOT_LABEL]}}) or []
    if not services:
        raise Fatal(
            f"no backupbot discovered: no service has the label {BOT_LABEL}, "
            "deploy the recipe backup-bot-two"
        )
    name = min(str(service["Spec"]["Name"]) for service in services)
    if len(services) > 1:
        warn(f"{len(services)} backupbots on this server, using {name}")
    filters = {"label": [f"com.docker.swarm.service.name={name}"], "status": ["running"]}
    containers = engine.request("GET", "/containers/json", {"filters": filters}) or []
    if not containers:
        raise Fatal(f"backupbot {name} has no running container")
    return str(max(containers, key=lambda c: int(c["Created"]))["Id"])


def run_in_bot(app: App, command: str, **variables: str) -> int:
    """Run one of the bot's commands for an app, in a terminal and with its output on stdout.

    Args:
        app: the app.
        command: create, ls, snapshots, download or restore.
        variables: environment variables of the command; empty ones are not set.

    Returns:
        the exit code of the command.
    """
    arguments = ["docker", "exec", "--interactive", "--tty"]
    for name, value in {"SERVICE": app.domain, **variables}.items():
        if value:
            arguments += ["--env", f"{name}={value}"]
    arguments += [bot_container(), PROGRAM, "--", command]
    debug(" ".join(arguments))
    return subprocess.run(arguments, env=engine.child_environment(), check=False).returncode


def download(app: App, **variables: str) -> int:
    """Write a snapshot to an archive in the bot's container, and copy that to the current folder.

    Returns:
        the exit code of the bot's command.
    """
    # An archive that is older than this call is from an earlier download.
    started = time.time()
    code = run_in_bot(app, "download", **variables)
    if code:
        return code
    target = Path.cwd() / Path(ARCHIVE).name
    engine.run_docker(["cp", f"{bot_container()}:{ARCHIVE}", str(target)])
    if target.stat().st_mtime < int(started) - 1:
        raise Fatal(f"the backupbot created no new {ARCHIVE}")
    info(f"backup successfully downloaded to {target}")
    return 0
