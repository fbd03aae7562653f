"""What stops the lab: one sentence that names the thing and the remedy."""


class LabError(Exception):
    """The lab cannot go on. The text is shown to the user as it is, and the exit code is 1."""
