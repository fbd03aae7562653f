"""The pull request loop: `!testme` in a comment becomes a run, and the run a comment."""
