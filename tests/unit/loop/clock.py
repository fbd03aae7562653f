"""The time of the loop's tests."""

import time


class Clock:
    """The time that the loop sees; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now
