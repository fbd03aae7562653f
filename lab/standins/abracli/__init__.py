"""The lab's stand-in for Co-op Cloud's `abra`.

It keeps to what is publicly known of the real one: command line, JSON shapes, exit codes and side
effects. tests/lab/test_abra_*.py goes through that line by line.
"""

VERSION = "0.13.0-lab"
