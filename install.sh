#!/bin/bash -p
# Installs MX Verdict on a cPanel server, or upgrades it in place; open test windows go on and close in time.
#
#   ./install.sh                  on a cPanel server, as root
#   ./install.sh --demo           on Debian or Ubuntu without cPanel: a stand-in server, its verdict, the WHM page
#   ./install.sh --demo --once    plays the whole story without a person; exit status 0 when each step was true
#
# Exit status: 0 done · 2 wrong usage · 3 refused or failed, with one line that says why and nothing changed.
set -euo pipefail
umask 022

fail() {
    echo "install.sh: $*" >&2
    exit 3
}

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
script=$(readlink -f "${BASH_SOURCE[0]}")
source=${script%/*}
# shellcheck source=bin/setup.sh
. "$source/bin/setup.sh"
# shellcheck source=bin/python.sh
. "$source/bin/python.sh"
# shellcheck source=bin/lock.sh
. "$source/bin/lock.sh"
state=/var/lib/mxverdict
command=/usr/local/bin/mxverdict
cpanel=/usr/local/cpanel
docroot=$cpanel/whostmgr/docroot
drivers=$cpanel/Cpanel/Config/ConfigObj/Driver
units=/etc/systemd/system
cron=/etc/cron.d

usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$script" >&"$1"
}

needed=sqlite3,ssl,venv,ensurepip

system() { # the distribution and its relatives
    # shellcheck disable=SC1091
    . /etc/os-release 2>/dev/null && echo "${ID-} ${ID_LIKE-}"
}

python_advice() {
    case $(system) in
        *debian* | *ubuntu*)
            if /usr/bin/python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
                echo "apt-get install python3-venv"
            else
                echo "apt-get install python3.9-venv"
            fi
            ;;
        *rhel* | *fedora* | *centos*) echo "dnf install python3.11" ;;
        *) echo "install Python 3.9 or later with its venv module" ;;
    esac
}

locked_packages() { # VENV: creates it with exactly the packages of requirements.lock
    "$python" -I -m venv "$1" &&
        "$1/bin/python" -I -m pip install -qq --disable-pip-version-check --no-cache-dir --no-input --only-binary :all: \
            --require-hashes --no-deps -r "$source/requirements.lock"
}

# --- the demo -----------------------------------------------------------------------------------------------

demo() {
    [ ! -e "$cpanel/version" ] || fail "this is a cPanel server: the demo is for machines without one; run ./install.sh"
    case $(system) in
        *debian* | *ubuntu*) ;;
        *) fail "the demo needs Debian or Ubuntu" ;;
    esac
    # shellcheck source=tests/packages.sh
    . "$source/tests/packages.sh"
    need exim4 exim4-daemon-heavy
    need named bind9
    need ip iproute2
    need openssl openssl
    need perl perl
    find_python "$needed" >/dev/null || missing_packages="$missing_packages python3 python3-venv"
    install_missing_packages
    python=$(find_python "$needed") || fail "there is no Python 3.9 or later with venv; $(python_advice)"

    local venv=$source/.demo/venv stamp
    stamp=$("$python" -VV; cat "$source/requirements.lock")
    if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
        echo "Preparing $venv" >&2
        rm -rf "$venv"
        locked_packages "$venv" || fail "the locked packages could not be installed into $venv"
        printf '%s\n' "$stamp" >"$venv/stamp"
    fi
    exec "$venv/bin/python" -I -c 'import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module("tests.sandbox.demo", run_name="__main__", alter_sys=True)' "$source" "$@"
}

# --- the product --------------------------------------------------------------------------------------------

check_server() {
    if [ ! -f "$cpanel/version" ] || [ ! -x "$cpanel/bin/register_appconfig" ]; then
        fail "this is no cPanel server (try ./install.sh --demo)"
    fi
    [ -d "$cron" ] || fail "$cron is missing; install the distribution's cron"
    if [ -e "$command" ] && [ "$(readlink "$command")" != "$home/bin/mxverdict" ]; then
        fail "$command belongs to something else; move it away first"
    fi
    python=$(find_python "$needed") || fail "there is no Python 3.9 or later with venv; $(python_advice)"
    take_lock install "another install.sh or uninstall.sh"
}

# Everything of one version in one folder, complete and tried before anything outside sees it.
build_release() {
    mkdir -p "$home/releases"
    release=$(mktemp -d "$home/releases/XXXXXXXX")
    chmod 755 "$release"
    cp -R "$source/plugin" "$source/bin" "$source/cgi" "$source/appconfig" "$source/uninstall.sh" "$release/"
    find "$release" -name __pycache__ -prune -exec rm -rf {} +
    chown -R 0:0 "$release"
    chmod -R u=rwX,go=rX "$release"
    chmod 755 "$release/bin/mxverdict" "$release/bin/keeper" "$release/uninstall.sh"
    sed -i "s|@PYTHON@|$python|" "$release/bin/python.sh"
    locked_packages "$release/venv"
    "$release/venv/bin/python" -I -m compileall -q "$release/plugin"
    "$release/venv/bin/python" -I -c "import sys
sys.path.insert(0, '$release/plugin')
import mxverdict.cli.main, mxverdict.services.check, mxverdict.whm.https, mxverdict.report.terminal
import mxverdict.web.pages.render"
    "$python" -I -S -c "import sys
sys.path.insert(0, '$release/plugin')
import mxverdict.window.keeper, mxverdict.window.service"
}

switch_to() { # RELEASE: the one step that changes which version runs
    ln -sfn "releases/${1##*/}" "$home/.current"
    mv -T "$home/.current" "$home/current"
}

put() { # MODE SOURCE TARGET: replaces the target in one step
    local new
    new=$(dirname "$3")/.mxverdict-new
    install -o 0 -g 0 -m "$1" "$2" "$new"
    mv "$new" "$3"
}

place() { # RELEASE: what stands outside of /opt/mxverdict
    local from=$1 name
    for name in plugin venv bin appconfig uninstall.sh; do
        ln -sfn "current/$name" "$home/$name"
    done
    install -d -m 0700 "$state"

    put 0644 "$from/plugin/units/mxverdict-keeper.service" "$units/mxverdict-keeper.service"
    put 0644 "$from/plugin/units/mxverdict-keeper.timer" "$units/mxverdict-keeper.timer"
    put 0644 "$from/plugin/units/mxverdict.cron" "$cron/mxverdict"
    systemctl --quiet enable mxverdict-keeper.timer
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl restart mxverdict-keeper.timer
    fi

    install -d -o 0 -g 0 -m 0700 "$docroot/cgi/addons/mxverdict"
    put 0700 "$from/cgi/index.cgi" "$docroot/cgi/addons/mxverdict/index.cgi"
    install -d "$docroot/addon_plugins"
    put 0644 "$from/appconfig/mxverdict.png" "$docroot/addon_plugins/mxverdict.png"
    place_privilege "$from"
    [ -d /var/cpanel/apps ] || install -d -o 0 -g 0 -m 0755 /var/cpanel/apps # a fresh server may lack it
    "$cpanel/bin/register_appconfig" "$from/appconfig/mxverdict.conf"
    ln -sfn "$home/bin/mxverdict" "$command"
    "$command" --version >/dev/null
}

# The privilege in WHM's editor of resellers. A driver that this WHM cannot load would disturb that editor, so
# it is taken away again: the plugin is for root-level users alone then. WHM caches drivers until the folder changes.
place_privilege() { # RELEASE
    local driver=Cpanel::Config::ConfigObj::Driver::MXVerdict
    install -d -o 0 -g 0 -m 0755 "$drivers/MXVerdict"
    put 0644 "$1/appconfig/MXVerdict/META.pm" "$drivers/MXVerdict/META.pm"
    put 0644 "$1/appconfig/MXVerdict.pm" "$drivers/MXVerdict.pm"
    "$cpanel/3rdparty/bin/perl" "-I$cpanel" "-M${driver}::META" "-M$driver" \
        -e "exit !$driver->acl_desc()" ||
        rm -rf "$drivers/MXVerdict" "$drivers/MXVerdict.pm"
    touch "$drivers"
}

# Whatever goes wrong: the version that ran before runs again, or nothing is left.
undo() {
    local status=$?
    trap - EXIT
    set +e
    if [ -n "$before" ] && [ "$switched" = yes ]; then
        switch_to "$before"
        place "$before"
    elif [ "$switched" = yes ]; then
        "$release/uninstall.sh" || release=
    fi >>"$log" 2>&1
    rm -rf "$release" "$home/.current"
    rmdir "$home/releases" "$home" 2>/dev/null
    tail -n 5 "$log" >&2
    rm -f "$log"
    echo "install.sh: $step failed, nothing was changed${before:+: the version before goes on}" >&2
    [ "$status" != 130 ] || exit 130
    exit 3
}

install_product() {
    check_server
    before=$(readlink -e "$home/current" || true)
    release=
    switched=no
    step="the start"
    log=$(mktemp)
    trap undo EXIT
    trap 'exit 130' INT TERM HUP

    step="building the new version"
    build_release >>"$log" 2>&1
    step="putting it into place"
    switched=yes
    switch_to "$release"
    place "$release" >>"$log" 2>&1

    trap - EXIT
    rm -f "$log"
    find "$home/releases" -mindepth 1 -maxdepth 1 ! -path "$release" ! -path "${before:-$release}" -exec rm -rf {} +
    echo "MX Verdict $("$command" --version | cut -d' ' -f2) is installed: WHM → Plugins → MX Verdict, or \`mxverdict check\`."
    [ -e "$drivers/MXVerdict.pm" ] ||
        echo "This WHM does not take the privilege for resellers: the page is for root-level users alone."
    [ -d /run/systemd/system ] || echo "systemd is not running: until it does, the cron line alone closes test windows."
}

case ${1-} in
    --help | -h)
        usage 1
        exit 0
        ;;
    --demo) ;;
    "") ;;
    *)
        usage 2
        exit 2
        ;;
esac
[ "$(id -u)" = 0 ] || fail "needs root; run it with sudo"
if [ "${1-}" = --demo ]; then
    shift
    demo "$@"
fi
install_product
