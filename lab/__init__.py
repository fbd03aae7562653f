"""A Co-op Cloud server on one Debian machine, made by one command and unmade by another.

`python -m lab up|down|status|doctor`. What it leaves for others is one file, `server.toml`; nothing
here imports the suites' code and nothing there imports this.
"""
