#!/bin/bash
# `make test`: the checks, a full run of custom-html against the lab, and the project's own tests.
# A part that fails does not keep the next from running: one run tells all that is wrong.
set -uo pipefail
cd "$(dirname "$0")/.."
. .venv/bin/activate

recipe=custom-html
terminal=$(mktemp)
trap 'rm -f "$terminal"' EXIT
parts=()
red=0

# part NAME COMMAND...: run it, note how long it took and how it ended, and go on.
part() {
    local name=$1 begun=$SECONDS code=0
    shift
    printf '\n== %s\n' "$name"
    "$@" </dev/null || code=$?
    local verdict="ok, $((SECONDS - begun)) s"
    if [ "$code" -ne 0 ]; then
        red=1
        verdict="FAILED with exit code $code, $((SECONDS - begun)) s"
    fi
    parts+=("$name: $verdict")
    printf '== %s: %s\n' "$name" "$verdict"
}

# Robot names its output.xml on the terminal; another run's would be taken for ours otherwise.
suite() {
    robot "suites/$recipe" 2>&1 | tee "$terminal"
    return "${PIPESTATUS[0]}"
}

# The last line: counted from output.xml, never from what a terminal happened to show.
count() {
    local xml
    xml=$(sed -n 's/^Output:  *\(\/.*output\.xml\)$/\1/p' "$terminal" | tail -n 1)
    if [ -z "$xml" ] || [ ! -s "$xml" ]; then
        echo "robot: 0 passed, 0 failed (it wrote no output.xml: see '== robot' above)"
        return 1
    fi
    python - "$xml" <<'PYTHON'
import sys

from robot.api import ExecutionResult
from robot.errors import DataError

try:
    total = ExecutionResult(sys.argv[1]).statistics.total
except DataError as error:
    sys.exit(f"robot: 0 passed, 0 failed (its output.xml cannot be read: {error})")
print(f"robot: {total.passed} passed, {total.failed} failed")
sys.exit(0 if total.passed and not total.failed else 1)
PYTHON
}

part "check" make --no-print-directory check
part "lab" python -m lab up --recipe "$recipe"
part "robot" suite
# Now: the tests below make many runs, and the oldest results are removed.
counted=$(count 2>&1) || red=1

printf '\n'
printf '%s\n' "${parts[@]}"
printf '\n== pytest (its own last line has its time)\n'
# One process for both, so that there is one summary: the quick ones first.
# What a shell starts in the background ignores Ctrl-C, and so would all that the tests interrupt.
env --default-signal=INT,QUIT python -m pytest tests/unit tests/lab </dev/null || red=1
echo "$counted"
exit "$red"
