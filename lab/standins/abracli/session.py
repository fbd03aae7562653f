"""The flags that all commands have."""

import sys
from dataclasses import dataclass

from lab.standins.abracli.logs import Fatal


@dataclass(frozen=True)
class Session:
    """The flags of all commands.

    Attributes:
        debug: print DEBU lines.
        no_input: do not ask for confirmation.
        offline: do not fetch anything.
    """

    debug: bool = False
    no_input: bool = False
    offline: bool = False

    def confirm(self, question: str) -> None:
        """Ask for confirmation on stdin, unless --no-input was given.

        Raises:
            Fatal: the answer is not yes.
        """
        if self.no_input:
            return
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            raise Fatal("EOF: no answer on stdin, use --no-input/-n")
        if answer.strip().lower() not in ("y", "yes"):
            raise Fatal("aborting as requested")
