# shellcheck shell=bash
# Which lines of the product the measured suites run, their child processes too. Sourced by tests/run. Needs `root_python`.

measured_python() { # `root_python`, with its lines kept for `coverage_gate`
    root_python -m coverage run "$@"
}

coverage_gate() { # prints the ten least covered modules and the whole; fails below `fail_under` of pyproject.toml
    local python=.venv-tests/main/bin/python report=.venv-tests/reports/coverage.txt status
    "$python" -m coverage combine --quiet || return
    "$python" -m coverage report --sort=cover --skip-covered >"$report" && status=0 || status=$?
    sed -n '1,12p' "$report"
    grep -E '^(TOTAL|Coverage failure)' "$report"
    return "$status"
}
