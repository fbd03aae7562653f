"""The audit as text: one line for each defect as it ends, a table, and the score."""

from collections.abc import Collection

from ccci.audit.record import Finding, Record


def line_of(finding: Finding) -> str:
    """Return what a terminal shows of one finding."""
    if finding.harmless:
        return f"harmless  {finding.name}: {finding.harmless}"
    where = finding.red or "-"
    return (
        f"{_noticed(finding):<8}  {finding.name}\n"
        f"          expected at {' or '.join(finding.stages)}; red: {where}; "
        f"{finding.seconds:.0f} s; {finding.said}"
    )


def _noticed(finding: Finding) -> str:
    if finding.caught:
        return "caught"
    if finding.incomplete:
        return "unknown"
    # Noticed, but for something else than what was broken, as far as its message says.
    return "WRONG" if finding.red else "MISSED"


def not_caught(record: Record, tried: Collection[str]) -> str:
    """Return a line for each defect that was not noticed, or "".

    It stands at the end of a long output, where the table has scrolled away.

    Args:
        record: what was found, now or before.
        tried: the names of those that count for the exit code.
    """
    return "".join(
        f"not caught: {record.recipe}: {one.name}: red: {one.red or '-'}; {one.said}\n"
        for one in record.slept_through
        if one.name in tried
    )


def table(record: Record) -> str:
    """Return all that an audit found, what was missed first."""
    found = sorted(record.findings.values(), key=lambda one: (bool(one.harmless), one.caught))
    return "\n".join(map(line_of, found))


def score(record: Record) -> str:
    """Return the score of an audit in one line, and how long its runs took together."""
    caught = len(record.counted) - len(record.slept_through)
    harmless = len(record.findings) - len(record.counted)
    minutes = sum(one.seconds for one in record.counted) / 60
    text = (
        f"{record.recipe} at {record.head[:7]}: {caught} of {len(record.counted)} defects caught "
        f"({record.score:.0%}), {harmless} harmless; {minutes:.0f} min of runs"
    )
    if not record.is_complete:
        text += f"; {record.planned - len(record.counted)} of {record.planned} not run yet"
    return text
