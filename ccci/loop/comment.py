"""The comment on a pull request: one for each pull request and recipe.

The layout is in comment.md.j2. Every value in it is escaped, except for what this module wrote
itself (`quoting.Markup`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ccci.loop.findings import Findings, findings_in
from ccci.loop.quoting import Markup, code, link, plain
from ccci.loop.request_view import RequestView
from ccci.loop.status import count, headline, status_of
from ccci.results.failed_tests import grouped
from ccci.results.levels import HIGHEST, level_of
from ccci.results.progress import Progress
from ccci.results.store import RunFacts, RunResults
from ccci.stage_names import STAGES

__all__ = ["RequestView", "comment_body", "marker", "status_of"]

LARGEST_COMMENT_BYTES = 10_000
_MOST_FAILURES = 8
_MOST_LINKS = 4
# Each mark has a text after it, for readers who cannot see the mark.
_MARKS: dict[str, str] = {
    "passed": "✅",
    "failed": "❌",
    "opted out": "⚪",
    "incomplete": "⚠️",
    "not run": "▫️",
    "queued": "🕓",
    "running": "▶️",
    "done": "☑️",
    "pending": "▫️",
    "refused": "⛔",
    "superseded": "⏭️",
    "stopped": "⏹️",
    "failed to start": "⚠️",
}


@dataclass(frozen=True)
class _Row:
    stage: str
    mark: Markup
    text: Markup
    seconds: str


def marker(recipe: str) -> str:
    """Return the first line of a recipe's comment, by which it is found again; it is not visible.

    Example:
        >>> marker("custom-html")
        '<!-- ccci custom-html -->'
    """
    return f"<!-- ccci {quote(recipe[:100], safe='', errors='replace')} -->"


def comment_body(request: RequestView) -> str:
    """Return the whole comment, which is shorter than 10,000 bytes.

    Example:
        >>> comment_body(request).splitlines()[2]
        '### ✅ custom-html: **passed**'
    """
    found = findings_in(request.results, request.commit) if request.state == "done" else None
    # Texts from outside can be many and long. What does not fit is in the log.
    sizes = ((_MOST_FAILURES, 600), (_MOST_FAILURES, 200), (_MOST_FAILURES, 100), (4, 80), (1, 40))
    bodies = (_body(request, found, shown, longest) for shown, longest in sizes)
    return next((body for body in bodies if _fits(body)), None) or _body(request, found, 0, 10)


def _body(request: RequestView, found: Findings | None, shown: int, longest: int) -> str:
    results = found.results if found else None
    quotable = results if found and found.quotable else None
    failures = grouped(found.failed) if found else []
    template = _environment().get_template("comment.md.j2")
    text = template.render(
        request=request,
        marker=Markup(marker(request.recipe)),
        commit_marker=Markup(
            f"<!-- commit {quote(request.commit[:100], safe='', errors='replace')} -->"
        ),
        mark=Markup(_MARKS[found.verdict if found else request.state]),
        headline=headline(request, found),
        facts=Markup(" · ".join(_facts(request, results))),
        reason=_reason(found),
        rows=_rows(request, found),
        failed_count=len(found.failed) if found else 0,
        failures=failures[:shown],
        not_shown=sum(len(failure.names) for failure in failures[shown:]),
        longest=longest,
        versions=_versions(quotable.facts) if quotable else "",
        opt_outs=_opt_outs(quotable.facts) if quotable else [],
        withheld=request.not_uploaded or (found.withheld if found else ""),
        links=_links(request),
        command=_command(request),
        source=_source(request),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _reason(found: Findings | None) -> str:
    """Return why a run has its verdict, where no failed test tells it."""
    told_by_tests = found is None or (found.verdict == "failed" and found.failed)
    return "" if found is None or told_by_tests else found.reason


def _environment() -> Environment:
    # Autoescape knows HTML only, so every value goes through `_escaped` instead.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters |= {"plain": plain, "code": code, "listed": _listed, "count": count}
    return environment


def _escaped(value: object) -> object:
    return value if isinstance(value, Markup | int | float) else plain(value)


def _listed(names: Sequence[str], longest: int) -> Markup:
    """Return as many names as fit, and how many more there are; at least one name is shown."""
    shown = 1
    while shown < len(names) and len(", ".join(names[: shown + 1])) <= longest:
        shown += 1
    text = ", ".join(plain(name, longest) for name in names[:shown])
    rest = len(names) - shown
    return Markup(f"{text} and {rest} more" if rest else text)


def _fits(body: str) -> bool:
    return len(body.encode("utf-8")) < LARGEST_COMMENT_BYTES


def _facts(request: RequestView, results: RunResults | None) -> list[str]:
    facts: list[str] = [code(request.commit[:10])]
    if request.asked_by:
        facts.append(f"requested by {plain(request.asked_by, 40)}")
    if results:
        facts.append(f"{results.seconds:.0f} s")
    if results and results.stages:
        facts.append(f"level {level_of(asdict(results))} of {HIGHEST}")
    if request.state == "running" and request.progress and request.progress.failed:
        facts.append(f"{count(request.progress.failed, 'test')} failed so far")
    return facts


def _rows(request: RequestView, found: Findings | None) -> list[_Row]:
    if found and found.results:
        seconds = found.results.facts.stage_seconds
        verdicts = {s: v for s, v in found.results.stages.items() if s in STAGES}
        return [_row(stage, verdict, seconds) for stage, verdict in verdicts.items()]
    progress = request.progress if request.state == "running" else None
    if progress is None:
        return []
    return [_row(stage, _progress_of(progress, stage), progress.ended) for stage in STAGES]


def _row(stage: str, text: str, stage_seconds: Mapping[str, float]) -> _Row:
    seconds = f"{stage_seconds[stage]:.1f}" if stage in stage_seconds else ""
    return _Row(stage, Markup(_MARKS[text.partition(" since")[0]]), Markup(text), seconds)


def _progress_of(progress: Progress, stage: str) -> str:
    if stage == progress.stage:
        return f"running since {progress.begun.astimezone(UTC):%H:%M:%S} UTC"
    return "done" if stage in progress.ended else "pending"


def _versions(facts: RunFacts) -> Markup:
    # A commit between two releases has no version of its own.
    before, after = code(facts.upgraded_from, 60), code(facts.head_release or facts.head[:10], 60)
    if before and after:
        return Markup(f"Upgrade: {before} → {after}")
    return Markup(f"Version: {after}") if after else Markup("")


def _opt_outs(facts: RunFacts) -> list[tuple[str, str]]:
    return [(stage, facts.opt_outs[stage]) for stage in STAGES if stage in facts.opt_outs]


def _links(request: RequestView) -> list[Markup]:
    files = [link(name, url) for name, url in list(request.uploads.items())[:_MOST_LINKS]]
    return [*files, *([link("dashboard", request.dashboard)] if request.dashboard else [])]


def _command(request: RequestView) -> Markup:
    """Return the command that repeats the run; nothing if a part of it could harm a shell."""
    if request.state != "done":
        # This includes requests that were refused: nobody should run them by hand.
        return Markup("")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}", request.recipe):
        return Markup("")
    if not re.fullmatch(r"[0-9a-f]{40,64}", request.commit):
        return Markup("")
    return Markup(
        f"make run RECIPE={request.recipe} HEAD={request.commit} PR={request.pull_request:d} "
        'RECIPE_SOURCE="$CLONE"'
    )


def _source(request: RequestView) -> str:
    own = request.repository.rpartition("/")[2] == request.recipe
    return "a clone of this pull request" if own else "a clone of the recipe"
