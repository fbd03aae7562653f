"""Names for what a run deploys, which nothing else on the node has: domains, and their stacks."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ccci.apps import LONGEST_STACK_NAME, stack_name
from ccci.errors import Misuse, NodeFailure
from ccci.node import locks
from ccci.node.state import private_dir
from ccci.teardown.journal import TEARDOWN_LOCK, Journal, all_runs

LAST_NUMBER = 99


def claim_domain(
    run_id: str,
    wanted: str,
    domain_suffixes: str | Sequence[str],
    taken: Callable[[str], bool] = lambda domain: False,
) -> str:
    """Give a run a domain that no other run of the node has; recorded in its journal.

    ``wanted.suffix`` when it is free, else ``wanted-2.suffix`` and so on. The name is free again
    when the run is closed with nothing left. A dead run keeps it until it is torn down: its stack
    is still there, and a teardown of it may be going on, which would remove a new one too.

    Args:
        run_id: the run, already opened.
        wanted: the name before the domain: ``custom-html-pr7-1234567``.
        domain_suffixes: the server's domain (``lab.test``), or several: the name is then free
            under each of them, and the domain under the first is returned.
        taken: returns whether something that is in no journal has a domain on the node.

    Raises:
        Misuse: abra would cut the stack's name to one that another domain has.
        NodeFailure: a hundred names are taken.

    Example: ``claim_domain(run_id, "custom-html-pr0-1234567", "lab.test")``
    """
    suffixes = [domain_suffixes] if isinstance(domain_suffixes, str) else list(domain_suffixes)
    mine = Journal.load(run_id)
    with locks.locked(_lock()):
        held = [name for run in _holding() for name in run.names("domain")]
        for number in range(1, LAST_NUMBER + 1):
            name = wanted if number == 1 else f"{wanted}-{number}"
            domains = [f"{name}.{suffix.lstrip('.')}" for suffix in suffixes]
            if not any(domain in held or taken(domain) for domain in domains):
                _check_stacks(domains, held)
                for domain in domains:
                    mine.record("domain", domain)
                return domains[0]
    raise NodeFailure(
        f"{wanted} and the {LAST_NUMBER - 1} names after it are taken; `make sweep` frees some."
    )


def claim_stack(mine: Journal, stack: str, taken: bool) -> None:
    """Give a run the stack that an app's settings name; recorded in its journal.

    With STACK_NAME a recipe has the same stack for every domain. If another app had it already, the
    test would deploy over that app, and then remove it.

    Args:
        mine: the run's journal.
        stack: the value of STACK_NAME.
        taken: something on the node belongs to that stack.

    Raises:
        Misuse: it is another app's.
    """
    with locks.locked(_lock()):
        if taken or any(stack in run.stacks() for run in _holding()):
            raise Misuse(
                f"The app's settings name its stack: STACK_NAME={stack}, and another app on this "
                "server has that stack. Take STACK_NAME out of the recipe's .env.sample."
            )
        mine.record("stack", stack)


def _check_stacks(domains: list[str], held: list[str]) -> None:
    """Refuse a domain whose stack would be the same as that of another domain."""
    for number, domain in enumerate(domains):
        others = [*held, *domains[:number]]
        same = next((one for one in others if stack_name(one) == stack_name(domain)), None)
        if same:
            raise Misuse(
                f"{domain} and {same} would be one stack, {stack_name(domain)}: abra cuts the "
                f"name at {LONGEST_STACK_NAME} characters, and they differ only after that. "
                "Give the recipe a shorter name."
            )


def _holding() -> list[Journal]:
    """Return the runs whose names are taken: those with something on the node, or a teardown."""
    return [
        run
        for run in all_runs()
        if not run.is_clean() or locks.is_locked(run.folder / TEARDOWN_LOCK)
    ]


def _lock() -> Path:
    return private_dir("runs") / ".claims.lock"
