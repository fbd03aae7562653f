"""Entry point: `python -m lab.standins.abracli ...`."""

import sys

from lab.standins.abracli import VERSION


def main() -> int:
    """Run the command line and return the exit code."""
    if sys.argv[1:] in (["--version"], ["-v"]):
        # Every report calls this: answer without loading the other modules.
        print(f"abra version {VERSION}")
        return 0
    from lab.standins.abracli.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
