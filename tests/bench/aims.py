"""A measured number beside what was aimed at, as a line to read."""


def aim_line(what: str, value: float, aim: float, unit: str = "") -> str:
    """Return the line of one aim, met or missed.

    Example:
        >>> aim_line("suite to by hand", 1.22, 1.1)
        'MISSED suite to by hand: 1.22 (aim: 1.10)'
    """
    verdict = "met   " if value <= aim else "MISSED"
    return f"{verdict} {what}: {value:.2f}{unit} (aim: {aim:.2f}{unit})"
