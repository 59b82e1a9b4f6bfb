# shellcheck shell=bash
# What the tests need: Debian packages and virtual environments. Sourced by tests/run, and in roots (tests/roots.sh).
# Needs `fail` and tests/packages.sh.

venvs=.venv-tests

need_python() {
    need python3 python3 python3-venv
    if command -v python3 >/dev/null; then
        python3 -I -c 'import ensurepip, venv' 2>/dev/null || missing_packages="$missing_packages python3-venv"
    fi
}

need_for_style() {
    need git git
    need shellcheck shellcheck
}

need_for_sandbox() { # the mail server, and what the integration tests do to it
    need exim4 exim4-daemon-heavy
    need named bind9
    need dig bind9-dnsutils
    need ip iproute2
    need rbldnsd rbldnsd
    need strace strace
    need swaks swaks libnet-ssleay-perl
    need openssl openssl
    need perl perl
    need ps procps
}

need_for_testers() { # testers that people run themselves, and their monitors
    need /usr/lib/nagios/plugins/check_smtp monitoring-plugins-basic
    need monit monit
    need prometheus-blackbox-exporter prometheus-blackbox-exporter
    need swaks swaks libnet-ssleay-perl
    need testssl testssl.sh
    need zabbix_agentd zabbix-agent
}

need_for_roots() {
    need debootstrap debootstrap
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
        missing_packages="$missing_packages debian-archive-keyring"
}

need_for_all() {
    need_python
    need_for_style
    need_for_sandbox
    need_for_testers
    need_for_roots
    need chromium-headless-shell chromium-headless-shell fonts-dejavu-core
    need npm npm
    need systemd-nspawn systemd-container
}

environment() { # NAME INTERPRETER LOCK …: a virtual environment with exactly the locked packages
    local venv=$venvs/$1 python=$2 stamp
    shift 2
    mkdir -p "$venvs"
    stamp=$("$python" -VV; cat "$@")
    if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
        rm -rf "$venv"
        "$python" -I -m venv "$venv"
        local lock
        for lock; do
            "$venv/bin/python" -I -m pip install -qq --disable-pip-version-check \
                --require-hashes --no-deps -r "$lock" || fail "the packages of $lock could not be installed"
        done
        "$venv/bin/python" -I -m pip check >/dev/null || fail "$venv lacks a package"
        printf '%s\n' "$stamp" >"$venv/stamp"
    fi
}

browser_packages() { # exactly the locked ones, beside the tests that use them
    local folder=tests/browser stamp=tests/browser/node_modules/stamp
    if ! cmp -s "$folder/package-lock.json" "$stamp"; then
        npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent ||
            fail "the packages of $folder/package-lock.json could not be installed"
        cp "$folder/package-lock.json" "$stamp"
    fi
}

interpreter() { # VERSION such as 3.9: prints the path of that CPython, or fails
    local candidate
    for candidate in "$(command -v "python$1")" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        if [ -n "$candidate" ] && [ "$("$candidate" -I -c 'import sys, ensurepip
print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$1" ]; then
            echo "$candidate"
            return
        fi
    done
    return 1
}
