"""What the person at the terminal sees while a run goes on: seconds, stage, what is happening."""

import time

from robot.api import logger

_begun = time.monotonic()
_stage = "start"


def enter_stage(stage: str) -> None:
    """Put the name of a stage before what is told from now on."""
    global _stage
    _stage = stage


def stage() -> str:
    """Return the stage that was entered last."""
    return _stage


def tell(text: str) -> None:
    """Say what is happening, on the terminal and in the log."""
    logger.info(text, also_console=False)
    logger.console(f"{time.monotonic() - _begun:7.1f} s  {_stage:<10}  {text}")
