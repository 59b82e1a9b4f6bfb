# shellcheck shell=bash
# Style, types and shell scripts as steps of tests/run. Sourced by it. Needs tests/report.sh.

main=.venv-tests/main/bin

style() { # without types, which go on beside other steps
    step "ruff check" "$main/ruff" check .
    step "ruff format" "$main/ruff" format --check .
    if command -v shellcheck >/dev/null && command -v git >/dev/null; then
        step "shellcheck" shell_scripts
    else
        remarks+=("not run: shellcheck, which is not on this machine or has no git to find the scripts by")
    fi
}

shell_scripts() {
    local scripts
    mapfile -t scripts < <(git grep -lE '^#!(/usr/bin/env bash|/bin/(ba)?sh)|^# shellcheck shell=')
    shellcheck -x "${scripts[@]}"
}

types() {
    "$main/mypy" --strict plugin tests
}
