"""Entry point: `python -m lab.standins.abracli ...`."""

import sys

from lab.standins.abracli import VERSION


def main() -> int:
    """Run the command line and return the exit code."""
    if sys.argv[1:] in (["--version"], ["-v"]):
        # Asked for at the head of every report: not worth loading the rest.
        print(f"abra version {VERSION}")
        return 0
    from lab.standins.abracli.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
