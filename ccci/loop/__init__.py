"""The pull request loop: a comment `!testme` starts a run, and a comment shows its result."""
