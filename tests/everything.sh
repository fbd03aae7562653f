#!/bin/bash
# `make test`: the checks, full runs of the recipes below, and the project's own tests but the heavy ones.
# `make test-all` (this with the word "all"): every enrolled recipe, its audit, and every test.
# PARTS="matrix audit:gitea pytest" chooses some of its parts; pytest comes last, wherever it stands.
# RECIPES="gitea n8n" chooses recipes: not every machine has the images of all.
# A part that fails does not keep the next from running: one run tells all that is wrong.
set -uo pipefail
cd "$(dirname "$0")/.."
. .venv/bin/activate

if [ "${1-}" = all ]; then
    read -ra recipes <<<"${RECIPES-}"
    ((${#recipes[@]})) || mapfile -t recipes < <(cd suites && printf '%s\n' */ | tr -d / | grep -vx generic)
    usual="check matrix ${recipes[*]/#/audit:} side-by-side pytest"
    chosen=(-m "not side_by_side")
else
    # A simple app, one with a database that signs users in through another app, and one without pages.
    recipes=(custom-html gitea mumble)
    usual="check matrix quick-audit:custom-html pytest"
    chosen=(-m "not heavy")
fi
at_once=3
read -ra wanted <<<"${PARTS:-$usual}"
# What was chosen here must not reach the makes below.
unset RECIPES PARTS MAKEFLAGS
terminal=$(mktemp)
outputs=$(mktemp)
missed=$(mktemp)
trap 'rm -f "$terminal" "$outputs" "$missed"' EXIT
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

# shown COMMAND...: run it, and keep what the terminal shows.
shown() {
    "$@" 2>&1 | tee "$terminal"
    return "${PIPESTATUS[0]}"
}

# Robot and a matrix name their log on the terminal; another run's would be taken for ours otherwise.
# logged COMMAND...: run it, and note the output.xml beside the log that it names last.
logged() {
    local code=0 xml
    shown "$@" || code=$?
    xml=$(sed -n 's/^Log:  *\(\/.*\/\)log\.html$/\1output.xml/p' "$terminal" | tail -n 1)
    echo "${xml:-$* wrote no log.html}" >>"$outputs"
    return "$code"
}

# audited COMMAND...: run it, and note the defects that it names as not caught.
audited() {
    local code=0
    shown "$@" || code=$?
    grep '^not caught: ' "$terminal" >>"$missed"
    return "$code"
}

# The last line, and one for each failed test above it: read from every output.xml, never from what a
# terminal happened to show.
count() {
    python - "$outputs" <<'PYTHON'
import sys
from pathlib import Path

from robot.api import ExecutionResult, ResultVisitor
from robot.errors import DataError


class FailedTests(ResultVisitor):
    def visit_test(self, test):
        if test.failed:
            print(f"failed: {test.full_name}: {test.message.partition(chr(10))[0]}")


passed = failed = 0
lost = ""
for name in Path(sys.argv[1]).read_text().splitlines():
    try:
        result = ExecutionResult(name)
    except DataError as error:
        lost = f" (a run's results cannot be read: {error})"
    else:
        result.visit(FailedTests())
        total = result.statistics.total
        passed, failed = passed + total.passed, failed + total.failed
print(f"robot: {passed} passed, {failed} failed{lost}")
sys.exit(0 if passed and not failed and not lost else 1)
PYTHON
}

# Run a part by its name.
run_part() {
    local recipe=${1#*:}
    case $1 in
    check) part check make --no-print-directory check ;;
    matrix) part "matrix of ${recipes[*]}" logged make --no-print-directory matrix "RECIPES=${recipes[*]}" ;;
    run:*)
        part "lab for $recipe" make --no-print-directory lab-up "RECIPE=$recipe"
        part "robot suites/$recipe" logged robot "suites/$recipe"
        ;;
    audit:*) part "audit of $recipe" audited make --no-print-directory audit "RECIPE=$recipe" ;;
    quick-audit:*) part "half an audit of $recipe" audited make --no-print-directory audit "RECIPE=$recipe" QUICK=1 ;;
    side-by-side)
        # Apart from the tests below: some of the heavy ones there disturb every other run.
        part "own tests, $at_once at a time" env --default-signal=INT,QUIT \
            python -m pytest -m side_by_side --numprocesses "$at_once" --dist loadgroup tests/lab
        ;;
    pytest) ;;
    *) part "$1" unknown "$usual" ;;
    esac
}

unknown() {
    echo "There is no such part; these are usual: $1"
    return 2
}

for name in "${wanted[@]}"; do
    run_part "$name"
done
counted=
if [ -s "$outputs" ]; then
    # Now: the tests below make many runs, and the oldest results are removed.
    counted=$(count 2>&1) || red=1
fi

printf '\n'
printf '%s\n' "${parts[@]}"
if [[ " ${wanted[*]} " == *" pytest "* ]]; then
    printf '\n== pytest (its own last line has its time)\n'
    # One pytest for both, so that there is one summary. The quick ones come first, spread over the workers;
    # those that need the lab for themselves are then one group on one worker (tests/conftest.py).
    # What a shell starts in the background ignores Ctrl-C, and so would all that the tests interrupt.
    env --default-signal=INT,QUIT python -m pytest "${chosen[@]}" \
        --numprocesses 2 --dist loadgroup --no-loadscope-reorder tests/unit tests/lab </dev/null || red=1
fi
cat "$missed"
[ -z "$counted" ] || echo "$counted"
exit "$red"
