"""audit.json in results/<recipe>/audit/: what an audit has found so far, for programs."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ccci.audit.basis import hash_of
from ccci.audit.trial import Trial
from ccci.results.json_file import write_json
from ccci.results.modes import closed_folder
from ccci.results.store import results_dir

# The folder of an audit, beside those of the recipe's runs.
AUDIT = "audit"
FILE = "audit.json"


@dataclass(frozen=True)
class Finding:
    """What a trial showed.

    Attributes:
        name: the defect.
        stages: the stages of which one should notice it.
        red: the first stage that turned red, or "".
        caught: whether it was noticed where it should be, and for what it is.
        passed: whether the run was green; what the control must be.
        said: the first line of the first failure, or why the run says nothing.
        seconds: how long the run took, without its wait for places.
        run: the folder of the run, relative to the audit's folder, or "".
        harmless: why nobody can see this defect, or "".
        incomplete: the run says nothing: the node or the harness failed. It is run again.
        key: of the trial; a trial that changed is run again.
    """

    name: str
    stages: tuple[str, ...]
    red: str = ""
    caught: bool = False
    passed: bool = False
    said: str = ""
    seconds: float = 0.0
    run: str = ""
    harmless: str = ""
    incomplete: bool = False
    key: str = ""


@dataclass
class Record:
    """The findings of one audit.

    Attributes:
        recipe: the recipe.
        head: the full hash of the commit that was broken.
        tests: a hash of what decides what the suite notices; see `ccci.audit.basis`.
        started: when the audit started, as ISO time in UTC.
        planned: how many trials there are, without the harmless ones.
        control: the run over the recipe as it is, which must be green; None before it.
        findings: by the name of the trial.
    """

    recipe: str
    head: str
    tests: str
    started: str
    planned: int = 0
    control: Finding | None = None
    findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def counted(self) -> list[Finding]:
        """The findings that count."""
        return [one for one in self.findings.values() if not one.harmless]

    @property
    def slept_through(self) -> list[Finding]:
        """The defects that were not noticed where they should be."""
        return [one for one in self.counted if not one.caught]

    @property
    def score(self) -> float:
        """The part of the defects that were caught: 0 to 1."""
        counted = self.counted
        return sum(one.caught for one in counted) / len(counted) if counted else 0.0

    @property
    def is_complete(self) -> bool:
        """Whether all trials were run."""
        return bool(self.planned) and len(self.counted) >= self.planned


def audit_folder(project: Path, recipe: str) -> Path:
    """Return the folder of a recipe's newest audit."""
    return results_dir(project) / recipe / AUDIT


def read_record(folder: Path) -> Record | None:
    """Read audit.json; None if it is missing or invalid."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        control = found.pop("control")
        findings = [_finding(one) for one in found.pop("findings")]
        return Record(
            **found,
            control=_finding(control) if control else None,
            findings={one.name: one for one in findings},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(folder: Path, record: Record) -> None:
    """Write audit.json, in one step."""
    content = {**asdict(record), "findings": [asdict(one) for one in record.findings.values()]}
    write_json(closed_folder(folder) / FILE, content)


def continued(folder: Path, new: Record, trials: Iterable[Trial]) -> Record:
    """Return the record of an audit that goes on, or `new` where nothing of it can be used.

    Findings count only for the same commit and the same tests. The runs of another audit are
    removed. What is harmless is not taken over: it is not run, and the reason may be gone.
    """
    old = read_record(folder)
    if old is None or (old.head, old.tests) != (new.head, new.tests):
        shutil.rmtree(folder, ignore_errors=True)
        return new
    keys = {trial.name: key_of(trial) for trial in trials}
    kept = {
        name: one
        for name, one in old.findings.items()
        if keys.get(name) == one.key and not one.harmless and not one.incomplete
    }
    return replace(new, started=old.started, control=old.control, findings=kept)


def _finding(content: dict[str, Any]) -> Finding:
    return Finding(**{**content, "stages": tuple(content["stages"])})


def key_of(trial: Trial) -> str:
    """Return a hash of all that a trial consists of."""
    parts = (sorted(trial.files.items()), trial.stages, trial.before, trial.message)
    return hash_of([repr((*parts, sorted(trial.variables.items()))).encode()])
