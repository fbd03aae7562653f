"""The stages of a run, in their order."""

STAGES = ("install", "functional", "browser", "restart", "backup", "upgrade", "teardown")
