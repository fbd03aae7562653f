"""The server to test on, as its operator describes it, and the state that runs keep on it."""
