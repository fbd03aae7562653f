"""Names that a run claims: given out once, and never two that abra would cut to one stack."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccci.apps import stack_name
from ccci.errors import Misuse
from ccci.node import locks
from ccci.node.state import ProcessIdentity
from ccci.teardown import journal
from ccci.teardown.claims import claim_domain, claim_stack
from ccci.teardown.journal import Journal

ME = ProcessIdentity.of(os.getpid())
GONE = ProcessIdentity(ME.pid, ME.start_ticks + 1, ME.boot_id)
CLAIM = """
import os, sys
from ccci.teardown.claims import claim_domain
from ccci.teardown.journal import Journal
from ccci.node.state import ProcessIdentity
run = Journal.open(sys.argv[1], "n8n", ProcessIdentity.of(os.getpid()))
print(claim_domain(run.run_id, "n8n-pr1-1234567", "lab.test"), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))


def test_a_name_is_free_again_when_nothing_is_left() -> None:
    first, second = Journal.open("r1", "n8n", GONE), Journal.open("r2", "n8n", ME)
    name = "n8n-pr0-1234567"
    assert claim_domain("r1", name, "lab.test") == f"{name}.lab.test"
    # The first is dead, but what it deployed may still stand.
    assert claim_domain("r2", name, "lab.test") == f"{name}-2.lab.test"
    second.closed("failed", ["volume x"])
    first.closed("incomplete")
    Journal.open("r3", "n8n", ME)
    with locks.locked(first.folder / journal.TEARDOWN_LOCK):
        assert claim_domain("r3", name, "lab.test") == f"{name}-3.lab.test"
    Journal.open("r4", "n8n", ME)
    assert claim_domain("r4", name, "lab.test") == f"{name}.lab.test"


def test_a_name_that_something_unknown_has_is_not_given() -> None:
    run = Journal.open("r1", "n8n", ME)
    taken = {"a.lab.test", "a-2.b.test"}
    domain = claim_domain("r1", "a", ["lab.test", "b.test"], taken=taken.__contains__)
    assert domain == "a-3.lab.test"
    assert run.names("domain") == ["a-3.lab.test", "a-3.b.test"]


def test_racing_processes_get_different_names() -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, f"r{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    domains = []
    for racer in racers:
        assert racer.stdout
        domains.append(racer.stdout.readline().strip())
    for racer in racers:
        racer.communicate(timeout=10)
    numbers = ["", "-2", "-3", "-4", "-5", "-6"]
    assert sorted(domains) == sorted(f"n8n-pr1-1234567{each}.lab.test" for each in numbers)


# The name before the domain may have 45 characters: what is longer loses its number.
SHORT, LONG = "a" * 41 + "-pr1", "a" * 42 + "-pr1"


def test_the_cut_leaves_two_names_apart() -> None:
    Journal.open("r1", "n8n", ME)
    first = claim_domain("r1", SHORT, "lab.test")
    with pytest.raises(Misuse, match="would be one stack"):
        claim_domain("r1", SHORT, "lab.test")
    other = claim_domain("r1", SHORT[1:], "lab.test")
    assert stack_name(first) == SHORT
    assert stack_name(other) == f"{SHORT[1:]}_"
    assert claim_domain("r1", SHORT[1:], "lab.test") == f"{SHORT[1:]}-2.lab.test"


def test_two_names_that_the_cut_would_make_one_are_refused() -> None:
    run = Journal.open("r1", "n8n", ME)
    first = claim_domain("r1", f"{LONG}7-1234567", "lab.test")
    with pytest.raises(Misuse) as refused:
        claim_domain("r1", f"{LONG}8-1234567", "lab.test")
    assert str(refused.value) == (
        f"{LONG}8-1234567.lab.test and {first} would be one stack, {LONG[:45]}: abra cuts the name "
        "at 45 characters, and they differ only after that. Give the recipe a shorter name."
    )
    assert run.names("domain") == [first]


def test_one_name_under_two_domains_that_the_cut_would_make_one_is_refused() -> None:
    run = Journal.open("r1", "n8n", ME)
    with pytest.raises(Misuse, match="would be one stack"):
        claim_domain("r1", LONG, ["lab.test", "b.test"])
    assert run.names("domain") == []


def test_a_stack_that_the_settings_name_is_claimed_once() -> None:
    run, other = Journal.open("r1", "ghost", ME), Journal.open("r2", "ghost", ME)
    claim_stack(run, "ghost", taken=False)
    assert run.stacks() == ["ghost"]
    for each in (run, other):
        with pytest.raises(Misuse, match="STACK_NAME=ghost, and another app on this server"):
            claim_stack(each, "ghost", taken=False)


def test_a_stack_of_an_app_that_no_run_made_is_refused() -> None:
    run = Journal.open("r1", "ghost", ME)
    with pytest.raises(Misuse, match=r"Take STACK_NAME out of the recipe's \.env\.sample"):
        claim_stack(run, "ghost", taken=True)
    assert run.stacks() == []
