"""Backup and restore: commands run in the backup bot's container."""

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
        Fatal: there is no bot, or it does not run.
    """
    services = engine.ask("GET", "/services", {"filters": {"label": [BOT_LABEL]}}) or []
    if not services:
        raise Fatal(
            f"no backupbot discovered: no service has the label {BOT_LABEL}, "
            "deploy the recipe backup-bot-two"
        )
    name = min(str(service["Spec"]["Name"]) for service in services)
    if len(services) > 1:
        warn(f"{len(services)} backupbots on this server, using {name}")
    filters = {"label": [f"com.docker.swarm.service.name={name}"], "status": ["running"]}
    containers = engine.ask("GET", "/containers/json", {"filters": filters}) or []
    if not containers:
        raise Fatal(f"backupbot {name} has no running container")
    return str(max(containers, key=lambda c: int(c["Created"]))["Id"])


def ask_bot(app: App, word: str, **variables: str) -> int:
    """Run one of the bot's commands for an app in a terminal; its output streams through.

    Args:
        app: the app.
        word: create, ls, snapshots, download or restore.
        variables: for the command's environment; empty ones are left out.

    Returns:
        the command's exit code.
    """
    words = ["docker", "exec", "--interactive", "--tty"]
    for name, value in {"SERVICE": app.domain, **variables}.items():
        if value:
            words += ["--env", f"{name}={value}"]
    words += [bot_container(), PROGRAM, "--", word]
    debug(" ".join(words))
    return subprocess.run(words, env=engine.child_environment(), check=False).returncode


def download(app: App, **variables: str) -> int:
    """Have the bot pack a snapshot and copy it to the current folder.

    Returns:
        the bot's exit code.
    """
    # The bot may write it where an earlier download lies: only a newer one is this one's.
    began = time.time()
    code = ask_bot(app, "download", **variables)
    if code:
        return code
    target = Path.cwd() / Path(ARCHIVE).name
    engine.run_docker(["cp", f"{bot_container()}:{ARCHIVE}", str(target)])
    if target.stat().st_mtime < int(began) - 1:
        raise Fatal(f"the backupbot made no new {ARCHIVE}")
    info(f"backup successfully downloaded to {target}")
    return 0
