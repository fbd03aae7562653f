"""What is kept of a run, searched for credentials before anybody reads it."""
