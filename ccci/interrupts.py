"""Ctrl-C and SIGTERM for programs that start runs."""

import signal


def hear_interrupts() -> None:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt here, and have their usual effect on children.

    Also where a shell in the background made this process, and its runs, ignore Ctrl-C.

    Example: ``hear_interrupts()``
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
