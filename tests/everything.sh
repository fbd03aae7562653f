#!/bin/bash
# `make test`: the checks, full runs of the recipes below, and the project's own tests but the heavy ones.
# `make test-all` (this with the word "all"): every enrolled recipe, and every test.
# A part that fails does not keep the next from running: one run tells all that is wrong.
set -uo pipefail
cd "$(dirname "$0")/.."
. .venv/bin/activate

# A simple app, and one with a database that signs users in through another app.
recipes=(custom-html gitea)
chosen=(-m "not heavy")
if [ "${1-}" = all ]; then
    mapfile -t recipes < <(cd suites && printf '%s\n' */ | tr -d / | grep -vx generic)
    chosen=(-m "not side_by_side")
    at_once=3
fi
terminal=$(mktemp)
outputs=$(mktemp)
trap 'rm -f "$terminal" "$outputs"' EXIT
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

# Robot and a matrix name their log on the terminal; another run's would be taken for ours otherwise.
# logged COMMAND...: run it, and note the output.xml beside the log that it names last.
logged() {
    local code xml
    "$@" 2>&1 | tee "$terminal"
    code=${PIPESTATUS[0]}
    xml=$(sed -n 's/^Log:  *\(\/.*\/\)log\.html$/\1output.xml/p' "$terminal" | tail -n 1)
    echo "${xml:-$* wrote no log.html}" >>"$outputs"
    return "$code"
}

# The last line: counted from every output.xml, never from what a terminal happened to show.
count() {
    python - "$outputs" <<'PYTHON'
import sys
from pathlib import Path

from robot.api import ExecutionResult
from robot.errors import DataError

passed = failed = 0
lost = ""
for name in Path(sys.argv[1]).read_text().splitlines():
    try:
        total = ExecutionResult(name).statistics.total
    except DataError as error:
        lost = f" (a run's results cannot be read: {error})"
    else:
        passed, failed = passed + total.passed, failed + total.failed
print(f"robot: {passed} passed, {failed} failed{lost}")
sys.exit(0 if passed and not failed and not lost else 1)
PYTHON
}

part "check" make --no-print-directory check
if [ "${1-}" = all ]; then
    # A matrix runs the suite of each recipe, several side by side.
    part "matrix of all recipes" logged make --no-print-directory matrix "RECIPES=${recipes[*]}"
    # Each is a run of its own that takes its places on the node, so several side by side do no harm.
    part "defects, $at_once at a time" \
        python -m pytest -m side_by_side --numprocesses "$at_once" --dist worksteal tests/lab/test_defects.py
else
    for recipe in "${recipes[@]}"; do
        part "lab for $recipe" make --no-print-directory lab-up "RECIPE=$recipe"
        part "robot suites/$recipe" logged robot "suites/$recipe"
    done
fi
# Now: the tests below make many runs, and the oldest results are removed.
counted=$(count 2>&1) || red=1

printf '\n'
printf '%s\n' "${parts[@]}"
printf '\n== pytest (its own last line has its time)\n'
# One process for both, so that there is one summary: the quick ones first.
# What a shell starts in the background ignores Ctrl-C, and so would all that the tests interrupt.
env --default-signal=INT,QUIT python -m pytest "${chosen[@]}" tests/unit tests/lab </dev/null || red=1
echo "$counted"
exit "$red"
