# shellcheck shell=bash
# The steps of tests/run, their sums and its closing lines. Sourced by tests/run.

reports=.venv-tests/reports
passed=0
failed=0
remarks=()
titles=()

step() { # TITLE COMMAND …
    local title=$1
    shift
    echo
    echo "== $title"
    titles+=("$title")
    if timed "$title" "$@"; then
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
    local title=$1 python=$2 status
    shift 2
    timed "$title" "$python" -m pytest -q -p no:cacheprovider --junitxml="$reports/$title.xml" "$@" &&
        status=0 || status=$?
    echo "$status" >"$reports/$title.status"
}

begin() { # NAME COMMAND …: beside what follows; `finish NAME` waits for it and prints what it printed
    local name=$1
    shift
    "$@" >"$reports/$name.log" 2>&1 &
    eval "begun_$name=$!"
}

finish() { # NAME: with the command's exit status
    local process=begun_$1 status
    wait "${!process}" && status=0 || status=$?
    cat "$reports/$1.log"
    return "$status"
}

timed() { # TITLE COMMAND …: writes into $reports how long it took, and how long for processors
    local TIMEFORMAT='%R %U %S' title=$1
    shift
    { time "$@" >&3 2>&4; } 3>&1 4>&2 2>"$reports/$title.time"
}

count() { # TITLE: add a suite that has run to the sums
    local title=$1 status counts good bad skipped
    titles+=("$title")
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

close() { # prints what took how long, the remarks and the sums, and exits
    local title real user system remark
    echo
    echo "  minutes  of processors"
    for title in "${titles[@]}"; do
        read -r real user system <"$reports/$title.time"
        awk -v real="$real" -v busy="$user $system" -v title="$title" 'BEGIN {
            split(busy, part)
            printf "%9.1f  %13.1f  %s\n", real / 60, (part[1] + part[2]) / 60, title
        }'
    done
    awk -v real="$SECONDS" 'BEGIN { printf "%9.1f  %13s  everything\n", real / 60, "" }'
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
