"""Whether a process hears its stop signal is read from its masks, as the kernel writes them."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccci.swarm import stopping
from ccci.swarm.stopping import hears_stop, signal_number


def _container(stop_signal: str | None = None) -> Any:
    config = {"StopSignal": stop_signal} if stop_signal else {}
    return SimpleNamespace(id="c1", attrs={"Config": config})


@pytest.mark.parametrize(
    ("program", "hears"),
    [
        ("", False),
        ("signal.signal(signal.SIGTERM, print)", True),
        ("signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])", True),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", False),
        ("signal.signal(signal.SIGUSR1, print)", False),
    ],
)
def test_a_program_that_handles_it_or_waits_for_it(
    program: str, hears: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"import signal\n{program}\nprint('ready', flush=True)\nsignal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        status = Path(f"/proc/{process.pid}/status").read_bytes()
        os.kill(process.pid, signal.SIGKILL)
    monkeypatch.setattr(stopping, "read_as_seen", lambda *_: status)
    assert hears_stop(_container()) is hears
    assert hears_stop(_container("SIGUSR1")) is ("USR1" in program)


def test_what_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "read_as_seen", lambda *_: None)
    assert hears_stop(_container()) is None
    monkeypatch.setattr(stopping, "read_as_seen", lambda *_: b"SigCgt:\t0000000000004000\n")
    assert hears_stop(_container()) is True
    assert hears_stop(_container("SIGNOTHING")) is None


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("SIGTERM", 15),
        ("quit", 3),
        ("9", 9),
        ("0", None),
        (str(signal.NSIG), None),
        ("900", None),
        ("nonsense", None),
        ("SIGRTMIN+3", signal.SIGRTMIN + 3),
        ("RTMAX-1", signal.SIGRTMAX - 1),
    ],
)
def test_names_and_numbers_of_signals(name: str, number: int | None) -> None:
    assert signal_number(name) == number
