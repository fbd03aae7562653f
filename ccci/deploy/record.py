"""Where a run writes down what it does: its journal, its credential store, the terminal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from ccci.results.credentials import CredentialStore
from ccci.teardown.journal import Journal


@dataclass(frozen=True)
class Record:
    """The places where a run writes down what it does.

    Attributes:
        journal: takes what is about to be made, so that it can be removed.
        credentials: takes every credential, so that no artefact shows one.
        tell: takes a short text on what happens, for the person at the terminal.
        pulled: takes the names of the images that the run pulls.
    """

    journal: Journal
    credentials: CredentialStore
    tell: Callable[[str], None]
    pulled: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, journal: Journal, tell: Callable[[str], None]) -> Self:
        """Return the record of the run that a journal belongs to."""
        credentials = CredentialStore(journal.folder / "store" / "credentials.json")
        return cls(journal, credentials, tell)
