"""What people read of a run at the forge: one comment for a pull request and recipe.

The layout is comment.md.j2. Whatever it shows is made harmless on its way in, unless this module
made it (`loop.quoting.Ready`).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ccci.loop.findings import Findings, findings_in
from ccci.loop.job_view import JobView
from ccci.loop.quoting import Ready, code, link, plain
from ccci.loop.status import count, headline, status_of
from ccci.results.levels import HIGHEST, level_of
from ccci.results.progress import Progress
from ccci.results.store import RunFacts, RunResults
from ccci.stage_names import STAGES

__all__ = ["JobView", "comment_body", "marker", "status_of"]

LARGEST_COMMENT_BYTES = 10_000
_MOST_FAILED = 8
_MOST_LINKS = 4
# Each mark stands beside its word: alone it would say nothing to who does not see it.
_MARKS: dict[str, str] = {
    "passed": "✅",
    "failed": "❌",
    "opted out": "⚪",
    "incomplete": "⚠️",
    "not run": "▫️",
    "queued": "🕓",
    "running": "▶️",
    "ended": "☑️",
    "to come": "▫️",
    "refused": "⛔",
    "superseded": "⏭️",
    "stopped": "⏹️",
    "failed to start": "⚠️",
}


@dataclass(frozen=True)
class _Row:
    stage: str
    mark: Ready
    words: Ready
    seconds: str


def marker(recipe: str) -> str:
    """Return the first line of a recipe's comment, by which it is found again; nobody sees it.

    Example:
        >>> marker("custom-html")
        '<!-- ccci custom-html -->'
    """
    return f"<!-- ccci {quote(recipe[:100], safe='', errors='replace')} -->"


def comment_body(job: JobView) -> str:
    """Return the whole comment, below ten thousand bytes.

    Example:
        >>> comment_body(job).splitlines()[2]
        '### ✅ custom-html: **passed**'
    """
    found = findings_in(job.results, job.commit) if job.state == "done" else None
    # Texts from outside can be many and long; what is cut is in the log.
    sizes = ((_MOST_FAILED, 200), (_MOST_FAILED, 100), (4, 80), (1, 40))
    bodies = (_body(job, found, shown, longest) for shown, longest in sizes)
    return next((body for body in bodies if _fits(body)), None) or _body(job, found, 0, 10)


def _body(job: JobView, found: Findings | None, shown: int, longest: int) -> str:
    results = found.results if found else None
    told = results if found and found.told else None
    template = _environment().get_template("comment.md.j2")
    text = template.render(
        job=job,
        found=found,
        marker=Ready(marker(job.recipe)),
        commit_marker=Ready(
            f"<!-- commit {quote(job.commit[:100], safe='', errors='replace')} -->"
        ),
        mark=Ready(_MARKS[found.verdict if found else job.state]),
        headline=headline(job, found),
        facts=Ready(" · ".join(_facts(job, results))),
        reason=found.reason if found and found.verdict == "incomplete" else "",
        rows=_rows(job, found),
        failed=found.failed if found else (),
        shown=shown,
        longest=longest,
        versions=_versions(told.facts) if told else "",
        opt_outs=_opt_outs(told.facts) if told else [],
        withheld=job.nothing_uploaded or (found.withheld if found else ""),
        links=_links(job),
        command=_command(job),
        source=_source(job),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _environment() -> Environment:
    # No autoescape: it knows HTML only. Every value goes through `_harmless` instead.
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    made.filters |= {"plain": plain, "code": code}
    return made


def _harmless(value: object) -> object:
    return value if isinstance(value, Ready | int | float) else plain(value)


def _fits(body: str) -> bool:
    return len(body.encode("utf-8")) < LARGEST_COMMENT_BYTES


def _facts(job: JobView, results: RunResults | None) -> list[str]:
    facts: list[str] = [code(job.commit[:10])]
    if job.asked_by:
        facts.append(f"asked for by {plain(job.asked_by, 40)}")
    if results:
        facts.append(f"{results.seconds:.0f} s")
    if results and results.stages:
        facts.append(f"level {level_of(asdict(results))} of {HIGHEST}")
    if job.state == "running" and job.progress and job.progress.failed:
        facts.append(f"{count(job.progress.failed, 'test')} failed so far")
    return facts


def _rows(job: JobView, found: Findings | None) -> list[_Row]:
    if found and found.results:
        seconds = found.results.facts.stage_seconds
        verdicts = {s: v for s, v in found.results.stages.items() if s in STAGES}
        return [_row(stage, verdict, seconds) for stage, verdict in verdicts.items()]
    progress = job.progress if job.state == "running" else None
    if progress is None:
        return []
    return [_row(stage, _moment_of(progress, stage), progress.ended) for stage in STAGES]


def _row(stage: str, words: str, by_stage: Mapping[str, float]) -> _Row:
    seconds = f"{by_stage[stage]:.1f}" if stage in by_stage else ""
    return _Row(stage, Ready(_MARKS[words.partition(" since")[0]]), Ready(words), seconds)


def _moment_of(progress: Progress, stage: str) -> str:
    if stage == progress.stage:
        return f"running since {progress.begun.astimezone(UTC):%H:%M:%S} UTC"
    return "ended" if stage in progress.ended else "to come"


def _versions(facts: RunFacts) -> Ready:
    # Between two releases a recipe's head has no version of its own.
    before, after = code(facts.upgraded_from, 60), code(facts.head_release or facts.head[:10], 60)
    if before and after:
        return Ready(f"Upgrade: {before} → {after}")
    return Ready(f"Version: {after}") if after else Ready("")


def _opt_outs(facts: RunFacts) -> list[tuple[str, str]]:
    return [(stage, facts.opt_outs[stage]) for stage in STAGES if stage in facts.opt_outs]


def _links(job: JobView) -> list[Ready]:
    files = [link(name, address) for name, address in list(job.uploads.items())[:_MOST_LINKS]]
    return [*files, *([link("dashboard", job.dashboard)] if job.dashboard else [])]


def _command(job: JobView) -> Ready:
    """Return the command that runs the same again, or nothing where a word of it is not plain."""
    if job.state != "done":
        return Ready("")  # Above all no invitation to run by hand what was refused.
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}", job.recipe):
        return Ready("")
    if not re.fullmatch(r"[0-9a-f]{40,64}", job.commit):
        return Ready("")
    return Ready(
        f"make run RECIPE={job.recipe} HEAD={job.commit} PR={job.pull_request:d} "
        'RECIPE_SOURCE="$CLONE"'
    )


def _source(job: JobView) -> str:
    own = job.repository.rpartition("/")[2] == job.recipe
    return "a clone of this pull request" if own else "a clone of the recipe"
