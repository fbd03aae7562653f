"""The backup bot's snapshots of a run's stacks: found in its repository by host, and forgotten.

The bot is the service labelled ``coop-cloud.backupbot.enabled=true``; restic runs in its container,
where repository and password are set.
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
from ccci.teardown.processes import still_there

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

INTERRUPT_SECONDS = 5.0
BOT_LABEL = "coop-cloud.backupbot.enabled=true"


def bots(client: "DockerClient") -> list["Container"]:
    """Return the running containers of backup bots on this node.

    Raises:
        NodeFailure: a bot is deployed, but none runs here.
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
        raise NodeFailure(f"the backup bot {services[0]} has no running container on this node")
    return found


def end_work_on(bot: "Container", names: Collection[str]) -> list[str]:
    """End backups and restores of some apps that are still at work in the bot's container.

    The end of the abra that asked for one does not end it: a late backup would make a snapshot
    after the teardown, and a late restore would write into volumes that are gone.

    Args:
        bot: the bot's container.
        names: the apps, by domain and stack, as the bot is told them in ``SERVICE``.

    Returns:
        What was ended.
    """
    at_work = []
    # Not Docker's `top`: it needs a program `ps` on the node, which a small server lacks.
    for process in psutil.process_iter():
        try:
            if str(bot.id) not in Path(f"/proc/{process.pid}/cgroup").read_text():
                continue
            words = process.cmdline()
            if process.environ().get("SERVICE") in names or any(word in names for word in words):
                # Interrupted, not killed: restic then takes its lock off the repository.
                process.send_signal(signal.SIGINT)
                at_work.append((process, Path(words[0]).name if words else "process"))
        except (psutil.Error, OSError):
            continue  # It ended while it was being looked at.
    for process in still_there([process for process, _ in at_work], INTERRUPT_SECONDS):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return [f"{name} at work in the backup bot" for _, name in at_work]


def snapshots_of(bot: "Container", hosts: Collection[str]) -> list[str]:
    """Return the ids of the snapshots that name one of the hosts.

    Raises:
        NodeFailure: restic says no; the sentence has its last words.
    """
    words = [word for host in hosts for word in ("--host", host)]
    try:
        said = _restic(bot, "snapshots", "--no-lock", "--json", *words)
    except NodeFailure as error:
        # A bot that never backed anything up has no repository yet.
        if "repository at the following location" in str(error) or "does not exist" in str(error):
            return []
        raise
    listed = json.loads(said or "null") or []
    return [str(snapshot["id"]) for snapshot in listed if snapshot.get("hostname") in hosts]


def forget(bot: "Container", snapshots: list[str]) -> None:
    """Remove snapshots and what only they hold.

    Raises:
        NodeFailure: restic says no, for example because another backup holds the repository.
    """
    try:
        _restic(bot, "forget", "--prune", *snapshots)
    except NodeFailure:
        # Removes only locks whose process is gone; whoever calls tries again.
        _restic(bot, "unlock")
        raise


def _restic(bot: "Container", *words: str) -> str:
    try:
        code, output = cast(Any, bot).exec_run(["restic", *words], demux=True)
    except (APIError, NotFound, RequestException) as error:
        raise NodeFailure(f"the backup bot does not answer: {error}") from error
    out, err = (part.decode(errors="replace") if part else "" for part in output)
    if code != 0:
        raise NodeFailure(f"restic {words[0]} ended with {code}: {' '.join(err.split())[-400:]}")
    return out
