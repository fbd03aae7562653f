"""The one kind of error whose text is meant for the person at the terminal."""

from __future__ import annotations


class BackupError(Exception):
    """A backup, restore or look-up that did not do what was asked.

    Args:
        message: one or more plain sentences that name the app and the thing; no trailing newline.
    """


class RequestError(BackupError):
    """What was asked for makes no sense (bad flag, bad label value, bad schedule)."""
