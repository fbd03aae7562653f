"""The node's places: how many apps may run at once, and who waits."""
