#!/bin/bash -p
# Removes MX Verdict from a cPanel server: closes its test windows first, then leaves nothing behind but the
# permanent entries that were made with `window open --permanent` or `--common-mail-providers`, which it names.
#
#   /opt/mxverdict/uninstall.sh
#   /opt/mxverdict/uninstall.sh --force     remove it even though a window cannot be closed
#
# Exit status: 0 removed · 2 wrong usage · 3 refused · 4 a test window cannot be closed, nothing was removed.
set -euo pipefail

say() {
    echo "uninstall.sh: $*" >&2
}

fail() {
    say "$@"
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

# The standard library is enough to close windows: prints what the keeper would be run by.
standard_python() {
    if "$installed_python" -I -S -c 'import sqlite3' 2>/dev/null; then
        echo "$installed_python"
    else
        find_python sqlite3
    fi
}

# Succeeds when no window is open and nothing of a closed one is still to be taken back.
windows_closed() {
    local python
    [ -e "$state/journal.sqlite" ] || return 0
    python=$(standard_python) || return 1
    "$python" -I -S -B - "$home/plugin" <<'PYTHON'
import os
import sys

sys.path.insert(0, sys.argv[1])
from mxverdict.audit.actor import Actor
from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.window import close_due, close_window, open_windows
from mxverdict.window.keeper import idle


def close_all(host):
    close_due(host)
    for window in sorted(open_windows(host), key=lambda one: one.kind == "delay_off"):
        try:
            close_window(host, window.id, Actor(os.environ.get("SUDO_USER") or "root", "cli"))
        except MxVerdictError as error:
            print(f"mxverdict: {error}", file=sys.stderr)


if not idle("/", mail=False):
    try:
        close_all(Host("/"))
    except MxVerdictError as error:
        print(f"mxverdict: {error}. {error.hint}", file=sys.stderr)
sys.exit(not idle("/", mail=False))
PYTHON
}

# Names the permanent entries that stand, one a line.
permanent_entries() {
    local python
    [ -e "$state/journal.sqlite" ] || return 0
    python=$(standard_python) || return 0
    "$python" -I -S -B - "$home/plugin" <<'PYTHON' 2>/dev/null || true
import sys

sys.path.insert(0, sys.argv[1])
from mxverdict.host import Host
from mxverdict.window import permanent_entries

for entry in permanent_entries(Host("/")):
    print(*(entry.networks or [entry.kind]))
PYTHON
}

case ${1-} in
    "") force=no ;;
    --force) force=yes ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$script" >&2
        exit 2
        ;;
esac
[ "$(id -u)" = 0 ] || fail "needs root; run it with sudo"
take_lock install "another install.sh or uninstall.sh"

if ! windows_closed && [ "$force" = no ]; then
    say "a test window cannot be closed, so nothing was removed; it is being retried: see \`mxverdict window list\`"
    exit 4
fi

# Nobody can open a window from here on; then one more look before the keeper goes.
if [ -x "$cpanel/bin/unregister_appconfig" ] && [ -e /var/cpanel/apps/mxverdict.conf ]; then
    "$cpanel/bin/unregister_appconfig" "$home/appconfig/mxverdict.conf" >/dev/null ||
        say "WHM did not unregister the plugin; run $cpanel/bin/unregister_appconfig mxverdict"
fi
rm -rf "$docroot/cgi/addons/mxverdict" "$drivers/MXVerdict" "$drivers/MXVerdict.pm"
[ ! -d "$drivers" ] || touch "$drivers" # WHM caches drivers until it changes
rm -f "$docroot/addon_plugins/mxverdict.png" "$command"
if ! windows_closed; then
    if [ "$force" = no ]; then
        say "a test window was opened meanwhile and cannot be closed; the keeper stays. Run $home/uninstall.sh again"
        exit 4
    fi
    say "removing it although a test window is not closed; check /etc/senderverifybypasshosts, Greylisting's" \
        "trusted hosts and the settings acl_delay_unknown_hosts and acl_dont_delay_greylisting_common_mail_providers by hand"
fi

if command -v systemctl >/dev/null; then
    [ ! -d /run/systemd/system ] || systemctl --quiet stop mxverdict-keeper.timer mxverdict-keeper.service || true
    systemctl --quiet disable mxverdict-keeper.timer 2>/dev/null || true
fi
rm -f "$units/mxverdict-keeper.service" "$units/mxverdict-keeper.timer" /etc/cron.d/mxverdict
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl --quiet reset-failed 'mxverdict-keeper.*' 2>/dev/null || true
fi
permanent=$(permanent_entries)
rm -rf "$state" "$home"
echo "MX Verdict is removed."
addresses=$(grep -vx common_mail_providers <<<"$permanent" || true)
if [ -n "$addresses" ]; then
    echo "These permanent entries stay in /etc/senderverifybypasshosts; whoever wants them gone takes the lines out:"
    echo "$addresses"
fi
if [ "$addresses" != "$permanent" ]; then
    echo "Common Mail Providers stay exempt from the delay; whoever wants that gone switches it off in WHM, Exim" \
        "Configuration Manager (acl_dont_delay_greylisting_common_mail_providers)."
fi
