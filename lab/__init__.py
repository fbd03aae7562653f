"""A Co-op Cloud server on one Debian machine: one command sets it up, another removes it.

`python -m lab up|down|status|doctor`. Its only interface to the suites is a file, `server.toml`:
the lab does not import their code, and they do not import the lab.
"""
