"""`/usr/bin/backup`: the command line of the backup bot.

    backup [--] create|snapshots|ls|restore|download [flags]

For each flag there is an environment variable, which abra sets: SERVICE (domain or stack name),
SNAPSHOT, INCLUDE_PATH, TARGET, VOLUMES, CONTAINER, NO_COMMANDS, RETRIES, NONINTERACTIVE,
TIMESTAMPS. A flag has priority. The exit code is 0 after success, 1 after a failure, and 2 if the
command line is not valid.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from backupbot.archive import ARCHIVE, write_archive
from backupbot.create import create
from backupbot.daemon import serve
from backupbot.errors import BackupError, RequestError
from backupbot.labels import truth
from backupbot.plan import select_paths, volumes_of_services
from backupbot.restic import TAG, Repository, Snapshot, choose
from backupbot.restore import RestoreChoice, narrow, restore
from backupbot.swarm import Swarm, stack_names

_ANSWER_SECONDS = 60
_COMMANDS = ("create", "snapshots", "ls", "restore", "download", "serve")


@dataclass(frozen=True)
class Request:
    """A command with its options, from flags and environment variables."""

    command: str
    service: str = ""
    snapshot: str = "latest"
    include: str = ""
    target: str = "/"
    volumes: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    no_commands: bool = False
    retries: int = 1
    noninteractive: bool = False
    timestamps: bool = False


def say(line: str) -> None:
    """Print a line of progress without delay."""
    print(line, flush=True)


def read_request(arguments: Sequence[str], variables: Mapping[str, str]) -> Request:
    """Combine flags and environment variables.

    Args:
        arguments: the arguments of the program; a "--" at the start, as abra sets it, is ignored.
        variables: the environment variables; an empty one counts as not set.

    Raises:
        RequestError: a value is not valid.
        SystemExit: the command or a flag is unknown; the exit code is 2 (argparse).
    """
    given = _parser().parse_args([*arguments][1 if arguments and arguments[0] == "--" else 0 :])

    def text(flag: str | None, variable: str, default: str = "") -> str:
        return flag or variables.get(variable, "").strip() or default

    def switch(flag: bool, variable: str) -> bool:
        return flag or truth(variable, variables.get(variable, ""))

    retries = text(given.retries, "RETRIES", "1")
    if not retries.isdigit():
        raise RequestError(f"RETRIES is {retries!r}: it must be a number of retries, for example 1")
    if text(None, "INCLUDE_SECRETS") and truth("INCLUDE_SECRETS", variables["INCLUDE_SECRETS"]):
        raise RequestError("INCLUDE_SECRETS: this bot never includes secrets in snapshots")
    return Request(
        command=given.command,
        service=text(given.service, "SERVICE"),
        snapshot=text(given.snapshot, "SNAPSHOT", "latest"),
        include=text(given.include_path, "INCLUDE_PATH"),
        target=text(given.target, "TARGET", "/"),
        volumes=_names(given.volumes, variables.get("VOLUMES", "")),
        containers=_names(given.container, variables.get("CONTAINER", "")),
        no_commands=switch(given.no_commands, "NO_COMMANDS"),
        retries=int(retries),
        noninteractive=switch(given.noninteractive, "NONINTERACTIVE"),
        timestamps=switch(given.timestamps, "TIMESTAMPS"),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of the command line; return the exit code."""
    # If abra is killed, this command keeps running in the container. After these signals, it still
    # runs the post-hooks.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        request = read_request(sys.argv[1:] if arguments is None else arguments, os.environ)
        return _do(request)
    except RequestError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    except BackupError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr, flush=True)
        return 130


def _do(request: Request) -> int:
    if request.command == "serve":
        return serve(os.environ, say)
    repository = Repository(os.environ, say)
    if request.command == "create":
        return _create(request, repository)
    if request.command == "snapshots":
        return _snapshots(request, repository)
    if not request.service:
        raise RequestError(f"{request.command} needs SERVICE: the app's domain or stack name")
    snapshot = _chosen(request, repository)
    if request.command == "ls":
        return _ls(request, repository, snapshot)
    if request.command == "download":
        return _download(request, repository, snapshot)
    return _restore(request, repository, snapshot)


def _create(request: Request, repository: Repository) -> int:
    if request.volumes or request.containers:
        raise RequestError(
            "VOLUMES and CONTAINER are for restore and download only; a backup always contains "
            "everything that the labels promise"
        )
    swarm = Swarm()
    names = (request.service,) if request.service else swarm.enabled_stacks()
    if not names:
        raise BackupError("no app on this server has the label backupbot.backup=true")
    repository.create_if_missing()
    failures = []
    for name in names:
        try:
            stack = swarm.stack(name)
            if stack is None:
                raise BackupError(f"{name} is not deployed on this server")
            snapshot = create(
                stack, swarm, repository, say, request.retries, not request.no_commands
            )
            say(f"backup finished {snapshot[:8]}")
        except BackupError as failure:
            failures.append(f"backup of {name} failed: {failure}")
    if failures:
        raise BackupError("\nerror: ".join(failures))
    return 0


def _snapshots(request: Request, repository: Repository) -> int:
    stacks = stack_names(request.service) if request.service else ()
    for snapshot in repository.snapshots():
        if TAG not in snapshot.tags or (stacks and snapshot.stack not in stacks):
            continue
        line = f"{snapshot.time.isoformat(timespec='seconds')} {snapshot.short_id}"
        say(line if stacks else f"{line} {snapshot.stack}")
    return 0


def _ls(request: Request, repository: Repository, snapshot: Snapshot) -> int:
    wanted = request.include.rstrip("/")
    found = False
    for node in repository.nodes(snapshot):
        if f"{node.path}/".startswith(f"{wanted}/"):
            found = True
            print(f"{node.modified} {node.path}" if request.timestamps else node.path)
    if not found:
        raise BackupError(f"snapshot {snapshot.short_id} has nothing at {request.include or '/'}")
    return 0


def _download(request: Request, repository: Repository, snapshot: Snapshot) -> int:
    paths = select_paths(snapshot.stack, snapshot.paths, request.volumes, _mounted(request))
    if request.include:
        paths = narrow(repository, snapshot, paths, request.include)
    with repository.tar(snapshot) as tar:
        count = write_archive(tar, paths)
    say(f"snapshot {snapshot.short_id}: {count} files and folders")
    say(str(ARCHIVE))
    return 0


def _restore(request: Request, repository: Repository, snapshot: Snapshot) -> int:
    swarm = Swarm()
    _confirm(request, snapshot)
    choice = RestoreChoice(
        target=request.target,
        volumes=request.volumes,
        containers=request.containers,
        include=request.include,
        with_hooks=not request.no_commands,
    )
    restore(swarm.stack(snapshot.stack), snapshot, swarm, repository, say, choice)
    say("restore finished")
    return 0


def _chosen(request: Request, repository: Repository) -> Snapshot:
    return choose(repository.snapshots(), stack_names(request.service), request.snapshot)


def _mounted(request: Request) -> frozenset[str] | None:
    if not request.containers:
        return None
    stack = Swarm().stack(request.service)
    if stack is None:
        raise BackupError(f"{request.service} is not deployed, so CONTAINER cannot be used")
    return volumes_of_services(stack, request.containers)


def _confirm(request: Request, snapshot: Snapshot) -> None:
    """Ask for confirmation, if there is a terminal and NONINTERACTIVE is not set."""
    if request.noninteractive or not sys.stdin.isatty():
        return
    when = snapshot.time.isoformat(timespec="seconds")
    print(f"restore {snapshot.stack} to {snapshot.short_id} of {when}? [y/N] ", end="", flush=True)
    ready, _, _ = select.select([sys.stdin], [], [], _ANSWER_SECONDS)
    if not ready:
        raise BackupError(
            f"no answer within {_ANSWER_SECONDS} s, nothing was restored; with NONINTERACTIVE=1 "
            "there is no question"
        )
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise BackupError("not confirmed: nothing was restored")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="backup", description=__doc__.split("\n", 1)[0])
    parser.add_argument("command", choices=_COMMANDS)
    # --host is the name in the original bot.
    parser.add_argument("--service", "--host", help="domain or stack name of the app")
    parser.add_argument("-s", "--snapshot", help="id of a snapshot; the default is the latest")
    parser.add_argument("-p", "--include-path", "--path", help="only this path of the snapshot")
    parser.add_argument("-t", "--target", help="restore to this folder instead of in place")
    parser.add_argument("-v", "--volumes", action="append", help="only this volume (repeatable)")
    parser.add_argument("-c", "--container", action="append", help="only this service's volumes")
    parser.add_argument("--no-commands", action="store_true", help="do not run hooks")
    parser.add_argument("-r", "--retries", help="number of retries if files cannot be read")
    parser.add_argument("--noninteractive", action="store_true", help="do not ask")
    parser.add_argument("--timestamps", action="store_true", help="ls: with modification times")
    return parser


def _names(flags: Sequence[str] | None, variable: str) -> tuple[str, ...]:
    return tuple(" ".join(flags or [variable]).replace(",", " ").split())


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
