"""The backup bot's snapshots of a run's stacks: found in its repository by host, and deleted.

The bot is the service with the label ``coop-cloud.backupbot.enabled=true``; restic runs in its
container, where repository and password are set.
"""

import json
import signal
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psutil
from docker.errors import APIError, NotFound
from requests.exceptions import RequestException

from ccci.errors import NodeFailure
from ccci.swarm.holdings import SERVICE_LABEL, swarm_list
from ccci.teardown.processes import still_running

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

INTERRUPT_SECONDS = 5.0
BOT_LABEL = "coop-cloud.backupbot.enabled=true"


def bots(client: "DockerClient") -> list["Container"]:
    """Return the running containers of backup bots on this node.

    Raises:
        NodeFailure: a bot is deployed, but none is running on this node.
    """
    services = [
        raw["Spec"]["Name"] for raw in swarm_list(client, "services", filters={"label": BOT_LABEL})
    ]
    found = [
        container
        for name in services
        for container in client.containers.list(filters={"label": f"{SERVICE_LABEL}={name}"})
    ]
    if services and not found:
        raise NodeFailure(f"The backup bot {services[0]} has no running container on this node.")
    return found


def end_jobs_of(bot: "Container", names: Collection[str]) -> list[str]:
    """End backups and restores of some apps that are still running in the bot's container.

    They go on when the abra that started them ends: a late backup would make a snapshot after the
    teardown, and a late restore would write into removed volumes.

    Args:
        bot: the bot's container.
        names: the apps, by domain and stack, as the bot gets them in ``SERVICE``.

    Returns:
        The jobs that were ended.
    """
    running = []
    # Not Docker's `top`: it needs the program `ps` on the node, which may be missing.
    for process in psutil.process_iter():
        try:
            if str(bot.id) not in Path(f"/proc/{process.pid}/cgroup").read_text():
                continue
            line = process.cmdline()
            if process.environ().get("SERVICE") in names or any(part in names for part in line):
                # Interrupted, not killed: restic then removes its lock from the repository.
                process.send_signal(signal.SIGINT)
                running.append((process, Path(line[0]).name if line else "process"))
        except (psutil.Error, OSError):
            continue  # It ended meanwhile.
    for process in still_running([process for process, _ in running], INTERRUPT_SECONDS):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return [f"{name} running in the backup bot" for _, name in running]


def snapshots_of(bot: "Container", hosts: Collection[str]) -> list[str]:
    """Return the ids of the snapshots of some hosts.

    Raises:
        NodeFailure: restic fails; the sentence has the end of its output.
    """
    options = [option for host in hosts for option in ("--host", host)]
    try:
        output = _restic(bot, "snapshots", "--no-lock", "--json", *options)
    except NodeFailure as error:
        # Before its first backup the bot has no repository.
        if "repository at the following location" in str(error) or "does not exist" in str(error):
            return []
        raise
    listed = json.loads(output or "null") or []
    return [str(snapshot["id"]) for snapshot in listed if snapshot.get("hostname") in hosts]


def forget(bot: "Container", snapshots: list[str]) -> None:
    """Delete snapshots, and the data that only they use.

    Raises:
        NodeFailure: restic fails, for example because another backup has locked the repository.
    """
    try:
        _restic(bot, "forget", "--prune", *snapshots)
    except NodeFailure:
        # This removes only locks of dead processes; the caller tries again.
        _restic(bot, "unlock")
        raise


def _restic(bot: "Container", *arguments: str) -> str:
    try:
        code, output = cast(Any, bot).exec_run(["restic", *arguments], demux=True)
    except (APIError, NotFound, RequestException) as error:
        raise NodeFailure(f"The backup bot does not answer: {error}") from error
    out, err = (part.decode(errors="replace") if part else "" for part in output)
    if code != 0:
        reason = " ".join(err.split())[-400:]
        raise NodeFailure(f"{reason} (restic {arguments[0]} ended with exit code {code})")
    return out
