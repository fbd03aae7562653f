"""One run of the suite, and one of the script, each watched from outside."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from robot.api import ExecutionResult

from ccci.apps import stack_name
from ccci.node.names import address_of
from ccci.node.server import Server, load_server
from ccci.node.state import ProcessIdentity
from ccci.project import PROJECT
from ccci.run.run import new_run_id
from ccci.teardown.claims import claim_domain
from ccci.teardown.journal import Journal
from ccci.teardown.removal import tear_down

SCRIPT = PROJECT / "tests" / "bench" / "by_hand.sh"
RECIPE = "custom-html"
STACK_LABEL = "com.docker.stack.namespace"


class Broken(Exception):
    """A run that was to be timed did not end well; its last words are the message."""


@dataclass(frozen=True)
class HandRun:
    """One run of the script.

    Args:
        seconds: all of it.
        stages: stage to seconds.
    """

    seconds: float
    stages: dict[str, float]


@dataclass(frozen=True)
class SuiteRun:
    """One run of the suite.

    Args:
        seconds: from the launch of robot to its end.
        start_seconds: from the launch to the first deployment.
        lags: of each convergence, the seconds from Docker's event to the line that tells it.
        stages: stage to seconds, from output.xml.
        waited: what was waited for, to seconds.
        calls: the same, to how often.
        holding_seconds: how long pages were made to keep answering; a part of `waited`.
        abra: subcommand to the seconds of each call; a part of `waited`.
    """

    seconds: float
    start_seconds: float
    lags: tuple[float, ...]
    stages: dict[str, float]
    waited: dict[str, float]
    calls: dict[str, int]
    holding_seconds: float
    abra: dict[str, list[float]]

    @property
    def harness_seconds(self) -> float:
        """What is left when everything that was waited for is taken off."""
        return self.seconds - sum(self.waited.values())


@dataclass
class Ready:
    """When Docker said that a stack's newest container is healthy, or its update done."""

    at: dict[str, list[float]] = field(default_factory=dict)

    def hear(self, event: dict[str, Any]) -> None:
        """Note the time of one event, as Docker took it."""
        attributes = event.get("Actor", {}).get("Attributes", {})
        healthy = event.get("Action") == "health_status: healthy"
        updated = attributes.get("updatestate.new") == "completed"
        if healthy or updated:
            stack = attributes.get(STACK_LABEL) or attributes.get("name", "").rpartition("_")[0]
            self.at.setdefault(stack, []).append(event["timeNano"] / 1e9)

    def last_before(self, stack: str, moment: float) -> float | None:
        """Return the last time before a moment."""
        return max((one for one in self.at.get(stack, []) if one <= moment), default=None)


def by_hand(say: Any = print) -> HandRun:
    """Run the script once.

    Its things stand in a journal like those of any run: other runs' witnesses know them then, and
    a sweep finds them when this process is killed.

    Raises:
        Broken: it failed.
    """
    server = load_server()
    run = Journal.open(new_run_id(), "by-hand", ProcessIdentity.of(os.getpid()))
    domain = claim_domain(run.run_id, "by-hand", server.domain)
    run.record("stack", stack_name(domain))
    run.record("snapshot", stack_name(domain))
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [SCRIPT], env={**os.environ, **_for_script(server, domain)},
            cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - begun
    finally:
        run.closed("passed", tear_down(run, docker.from_env()))
    if done.returncode:
        raise Broken(f"by_hand.sh failed: {done.stderr.strip()[-500:]}")
    marks = [line.split() for line in done.stdout.splitlines()]
    stages, before = {}, 0.0
    for at, stage in marks:
        stages[stage] = float(at) - before
        before = float(at)
    return HandRun(seconds, stages)


def suite(output: Path) -> SuiteRun:
    """Run the suite once, as a person would, and watch its words and Docker's events.

    Args:
        output: a folder for what the clock writes.

    Raises:
        Broken: it was not green.
    """
    clock = output / "clock.json"
    clock.unlink(missing_ok=True)
    command = f'. .venv/bin/activate && exec robot --listener "$0" suites/{RECIPE}'
    with _events() as ready:
        begun = time.time()
        process = subprocess.Popen(
            ["bash", "-c", command, f"tests.bench.clock.Clock:{clock}"],
            cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert process.stdout
        lines = [(time.time(), line) for line in process.stdout]
        code = process.wait()
        seconds = time.time() - begun
    text = "".join(line for _, line in lines)
    if code:
        raise Broken(f"robot ended with {code}:\n{text[-1500:]}")
    deployed = [at for at, line in lines if "  deploying " in line]
    sums = json.loads(clock.read_text())
    return SuiteRun(
        seconds=seconds,
        start_seconds=deployed[0] - begun,
        lags=tuple(_lags(lines, ready)),
        stages=_stages(text),
        waited=sums["seconds"],
        calls=sums["calls"],
        holding_seconds=sums["holding_seconds"],
        abra=sums["abra"],
    )


def _lags(lines: list[tuple[float, str]], ready: Ready) -> Iterator[float]:
    stack = ""
    for at, line in lines:
        if found := re.search(r"  deploying (\S+) at ", line):
            stack = stack_name(found.group(1))
        if "  converged in " in line:
            event = ready.last_before(stack, at)
            if event is None:
                raise Broken(f"Docker told of no healthy container of {stack} before: {line}")
            yield at - event


def _stages(text: str) -> dict[str, float]:
    found = re.search(r"^Output:\s+(\S+)$", text, re.MULTILINE)
    assert found, "robot named no output.xml"
    suite = ExecutionResult(found.group(1)).suite
    return {
        one.name.split(" ")[0].lower(): one.elapsed_time.total_seconds() for one in suite.suites
    }


def _for_script(server: Server, domain: str) -> dict[str, str]:
    """What the script must know of the server."""
    return {
        "DOMAIN": domain,
        "ADDRESS": address_of(domain, server.names) or socket.gethostbyname(domain),
        "PORT": str(server.https_port),
        "BUNDLE": str(server.ca_bundle or "/etc/ssl/certs/ca-certificates.crt"),
        "RECIPE": str(server.abra_dir.expanduser() / "recipes" / RECIPE),
        "ENDPOINT_MODE": server.swarm.endpoint_mode,
    }


@contextmanager
def _events() -> Iterator[Ready]:
    ready = Ready()
    stream = docker.from_env().events(decode=True, filters={"type": ["container", "service"]})

    def listen() -> None:
        try:
            for event in stream:
                ready.hear(event)
        except (OSError, ValueError, AttributeError):
            return  # The stream was closed while it was read.

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield ready
    finally:
        stream.close()
