# shellcheck shell=bash
# The steps of tests/run, their sums and its closing lines. Sourced by tests/run.

reports=.venv-tests/reports
passed=0
failed=0
remarks=()

step() { # TITLE COMMAND …
    local title=$1
    shift
    echo
    echo "== $title"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        remarks+=("failed: $title")
    fi
}

suite() { # TITLE PYTHON PYTEST_OPTION …
    echo
    echo "== $1"
    run_suite "$@"
    count "$1"
}

run_suite() { # TITLE PYTHON PYTEST_OPTION …
    local title=$1 python=$2
    shift 2
    "$python" -m pytest -q -p no:cacheprovider --junitxml="$reports/$title.xml" "$@" && status=0 || status=$?
    echo "$status" >"$reports/$title.status"
}

count() { # TITLE: add a suite that has run to the sums
    local title=$1 status counts good bad skipped
    status=$(cat "$reports/$title.status")
    counts=$(python3 -I - "$reports/$title.xml" <<'PYTHON'
import sys, xml.etree.ElementTree as xml
try:
    suites = xml.parse(sys.argv[1]).getroot().iter("testsuite")
    total, bad, skipped = map(sum, zip(*(
        (int(s.get("tests")), int(s.get("failures")) + int(s.get("errors")), int(s.get("skipped"))) for s in suites
    )))
except (OSError, ValueError, xml.ParseError):
    total = bad = skipped = 0
print(total - bad - skipped, bad, skipped)
PYTHON
    )
    read -r good bad skipped <<<"$counts"
    passed=$((passed + good))
    failed=$((failed + bad + skipped))
    [ "$skipped" = 0 ] || remarks+=("skipped, which counts as failed: $skipped in $title")
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        failed=$((failed + 1))
        remarks+=("failed: $title (pytest exit status $status)")
    fi
}

close() { # prints the remarks and the sums, and exits
    local remark
    echo
    for remark in ${remarks[@]+"${remarks[@]}"}; do
        echo "$remark"
    done
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] || exit 1
    exit 0
}

rm -rf "$reports"
mkdir -p "$reports"
