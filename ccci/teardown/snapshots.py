"""The backup bot's snapshots of a run's stacks: looked into, found by host, and deleted.

The bot is the service with the label ``coop-cloud.backupbot.enabled=true``; restic runs in its
container, where repository and password are set. It is not run there when a program in that
container is no longer the one of its image: docs/decisions/0065-teardown-and-the-bot.md.
"""

import json
import signal
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import psutil
from docker.errors import APIError, NotFound
from requests.exceptions import RequestException

from ccci.errors import NodeFailure
from ccci.swarm.holdings import SERVICE_LABEL, swarm_list
from ccci.teardown.processes import still_running
from ccci.waiting import Look, TooLate, wait_for

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

INTERRUPT_SECONDS = 5.0
LISTING_SECONDS = 10.0
VANISHED = "no such file or directory"
BOT_LABEL = "coop-cloud.backupbot.enabled=true"
# Where a container has what decides which code `restic` is.
_PROGRAMS = ("/bin", "/sbin", "/lib", "/usr", "/opt", "/etc/ld")


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
        for container in client.containers.list(
            filters={"label": f"{SERVICE_LABEL}={name}"}, ignore_removed=True
        )
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


def links_of(bot: "Container", snapshot: str) -> set[str]:
    """Return the paths at which a snapshot has a symbolic link.

    Args:
        bot: the bot's container.
        snapshot: its id.

    Raises:
        NodeFailure: restic fails.
    """
    return {str(row["path"]) for row in _rows(bot, snapshot) if row.get("type") == "symlink"}


def files_of(bot: "Container", snapshot: str) -> dict[str, float]:
    """Return the files of a snapshot, and when each was written, in seconds since 1970.

    Args:
        bot: the bot's container.
        snapshot: its id.

    Raises:
        NodeFailure: restic fails.
    """
    return {
        str(row["path"]): datetime.fromisoformat(row["mtime"]).timestamp()
        for row in _rows(bot, snapshot)
        if row.get("type") == "file"
    }


def forget(bot: "Container", snapshots: list[str]) -> None:
    """Delete snapshots by their ids.

    The data that only they used stays until whoever owns the repository prunes it.

    Raises:
        NodeFailure: restic fails, for example because another backup has locked the repository.
    """
    try:
        _restic(bot, "forget", *snapshots)
    except NodeFailure:
        # This removes only locks of dead processes; the caller tries again.
        _restic(bot, "unlock")
        raise


def replaced_programs(bot: "Container") -> list[str]:
    """Return the programs and libraries of a container that are not as in its image.

    Docker is asked, and nothing in the container is executed. Docker walks through the container's
    files and gives up where one vanishes meanwhile, as those of another app's backup do: it is
    asked again until `LISTING_SECONDS` are over.

    Raises:
        NodeFailure: Docker does not say.
    """
    changed = set[str]()

    def listed() -> Look:
        try:
            changed.update(str(one["Path"]) for one in cast(Any, bot).diff() or [])
        except APIError as error:
            if VANISHED not in str(error):
                raise
            return Look(False, str(error))
        return Look(True, "a list")

    try:
        wait_for("a list of what has changed", listed, LISTING_SECONDS)
    except (APIError, RequestException, TooLate) as error:
        raise NodeFailure(
            f"Docker does not say what has changed in the backup bot: {error}"
        ) from error
    # Docker also lists the folders above what has changed.
    above = {str(folder) for path in changed for folder in PurePosixPath(path).parents}
    return sorted(
        path
        for path in changed - above
        if path.startswith(_PROGRAMS) and "/__pycache__" not in path
    )


def require_unchanged(bot: "Container") -> None:
    """Fail when a program in the bot's container may be another than its image has.

    Raises:
        NodeFailure: one is; the sentence names it. Or Docker does not say.
    """
    replaced = replaced_programs(bot)
    if replaced:
        raise NodeFailure(
            f"nothing is run in the backup bot {bot.name}, because {len(replaced)} of its programs "
            f"are not those of its image, the first {replaced[0]}: a restore may have written them "
            "through a link of an app. Look at what they are, then make the container anew with "
            "`docker service update --force <the bot's service>`"
        )


def _rows(bot: "Container", snapshot: str) -> Iterator[dict[str, Any]]:
    for line in _restic(bot, "ls", "--no-lock", "--json", snapshot).splitlines():
        yield json.loads(line)


def _restic(bot: "Container", *arguments: str) -> str:
    require_unchanged(bot)
    try:
        code, output = cast(Any, bot).exec_run(["restic", *arguments], demux=True)
    except (APIError, NotFound, RequestException) as error:
        raise NodeFailure(f"The backup bot does not answer: {error}") from error
    out, err = (part.decode(errors="replace") if part else "" for part in output)
    if code != 0:
        reason = " ".join(err.split())[-400:]
        raise NodeFailure(f"{reason} (restic {arguments[0]} ended with exit code {code})")
    return out
