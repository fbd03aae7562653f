"""One app, from state to state, always through abra."""
