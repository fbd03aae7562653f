"""audit.json in results/<recipe>/audit/: what an audit has found so far, for programs."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ccci.audit.trial import Trial
from ccci.results.json_file import write_json
from ccci.results.modes import closed_folder
from ccci.results.store import results_dir

# The folder of an audit, beside those of the recipe's runs.
AUDIT = "audit"
FILE = "audit.json"
# What decides whether a suite notices something.
_PARTS = ("suites", "resources", "libraries", "recipes", "ccci")


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
        seconds: how long the run took, its wait for places included.
        run: the folder of the run, relative to the audit's folder, or "".
        harmless: why nobody can see this defect, or "".
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
    key: str = ""


@dataclass
class Record:
    """The findings of one audit.

    Attributes:
        recipe: the recipe.
        head: the full hash of the commit that was broken.
        tests: a hash of this project's code: other tests may find something else.
        started: when the audit started, as ISO time in UTC.
        planned: how many trials there are, without the harmless ones.
        findings: by the name of the trial.
    """

    recipe: str
    head: str
    tests: str
    started: str
    planned: int = 0
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
        findings = [
            Finding(**{**one, "stages": tuple(one["stages"])}) for one in found.pop("findings")
        ]
        return Record(**found, findings={one.name: one for one in findings})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(folder: Path, record: Record) -> None:
    """Write audit.json, in one step."""
    content = {**asdict(record), "findings": [asdict(one) for one in record.findings.values()]}
    write_json(closed_folder(folder) / FILE, content)


def continued(folder: Path, new: Record, trials: Iterable[Trial]) -> Record:
    """Return the record of an audit that goes on, or `new` where nothing of it can be used.

    Findings count only for the same commit and the same tests. The runs of another audit are
    removed.
    """
    old = read_record(folder)
    if old is None or (old.head, old.tests) != (new.head, new.tests):
        shutil.rmtree(folder, ignore_errors=True)
        return new
    keys = {trial.name: key_of(trial) for trial in trials}
    kept = {name: one for name, one in old.findings.items() if keys.get(name) == one.key}
    return Record(new.recipe, new.head, new.tests, old.started, new.planned, kept)


def key_of(trial: Trial) -> str:
    """Return a hash of all that a trial consists of."""
    parts = (sorted(trial.files.items()), trial.stages, trial.before, trial.message)
    return _hash([repr((*parts, sorted(trial.variables.items()))).encode()])


def hash_of_tests(project: Path) -> str:
    """Return a hash of all files that decide what a suite notices."""
    paths = [
        path
        for part in _PARTS
        for path in sorted((project / part).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
        and path.suffix in (".py", ".robot", ".resource", ".toml")
    ]  # fmt: skip
    return _hash(path.read_bytes() for path in paths)


def _hash(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:16]
