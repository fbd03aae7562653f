"""The exception of the lab. Its message is one sentence with the cause and the remedy."""


class LabError(Exception):
    """The lab cannot continue. The message is printed, and the exit code is 1."""
