"""The errors whose messages are printed for the user."""

from __future__ import annotations


class BackupError(Exception):
    """A command failed. The message is one or more sentences, without a newline at the end."""


class RequestError(BackupError):
    """A flag, the value of a label, or the schedule is not valid."""
