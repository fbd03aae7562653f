"""The steps that a stage's tests rely on: after one has failed, those tests are skipped."""

from collections.abc import Iterator
from contextlib import contextmanager

from ccci.errors import SKIPPED, CcciError, NodeFailure, RecipeFailure


class Steps:
    """Knows whether a step of the present stage has failed, and why."""

    def __init__(self) -> None:
        """Begin without a failure."""
        self._skipped: CcciError | None = None

    def begin_stage(self) -> None:
        """Forget the failures of the stage before."""
        self._skipped = None

    def require(self) -> None:
        """Fail when a step that the caller relies on has failed.

        Raises:
            RecipeFailure, NodeFailure: one has; of the same kind as its own error.
        """
        if self._skipped:
            raise self._skipped

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take a step; when it fails, everything that requires it is skipped in this stage.

        Args:
            name: what is done, to be read before "failed": ``the upgrade``.

        Raises:
            RecipeFailure, NodeFailure: see `require`.
        """
        self.require()
        try:
            yield
        except CcciError as error:
            # A failure of the node says nothing about the recipe, nor do the tests skipped for it.
            kind = RecipeFailure if isinstance(error, RecipeFailure) else NodeFailure
            reason = str(error).splitlines()[0]
            self._skipped = kind(f"{SKIPPED}{name} failed: {reason}")
            raise
