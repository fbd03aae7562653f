"""The lab's stand-in for Co-op Cloud's `abra`.

It follows what is publicly known about the real one: the command line, the JSON output, exit codes
and side effects. tests/lab/standins/test_abra_*.py checks them one by one.
"""

VERSION = "0.13.0-lab"
