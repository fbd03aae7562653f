"""The server that runs are made on, as its operator describes it, and the state kept on it."""
