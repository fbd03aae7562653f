"""The lines on the terminal during a run: seconds, stage, what is happening."""

import time

from robot.api import logger

_begun = time.monotonic()
_stage = "start"
_line_is_open = False


def enter_stage(stage: str) -> None:
    """Put the name of a stage before the following lines."""
    global _stage
    _stage = stage


def stage() -> str:
    """Return the stage that was entered last."""
    return _stage


def test_begins() -> None:
    """Note that Robot has written a test's name and will write its status on the same line."""
    global _line_is_open
    _line_is_open = True


def tell(text: str) -> None:
    """Write what is happening to the terminal and to the log."""
    global _line_is_open
    logger.info(text, also_console=False)
    begin = "\n" if _line_is_open else ""
    _line_is_open = False
    logger.console(f"{begin}{time.monotonic() - _begun:7.1f} s  {_stage:<10}  {text}")
