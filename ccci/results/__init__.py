"""The results of runs: what is stored, and the search for credentials in it."""
