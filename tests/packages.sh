# shellcheck shell=sh
# Installs Debian and Ubuntu packages without letting their daemons run. Sourced by install.sh and tests/run, after
# bin/lock.sh.

# need COMMAND PACKAGE …: remembers the packages when the command is not on this machine.
missing_packages=
need() {
    command -v "$1" >/dev/null && return
    shift
    missing_packages="$missing_packages $*"
}

# Packages say no to `apt-get install` rather than push another one out (a mail server that is in use, say).
# A daemon that comes with a package stays down now (policy-rc.d, put back exactly as found) and at boot.
install_missing_packages() (
    # shellcheck disable=SC2086
    set -- $missing_packages
    [ $# -gt 0 ] || exit 0
    command -v apt-get >/dev/null || fail "these are missing, and only Debian and Ubuntu can install them here: $*"
    echo "Installing: $*" >&2

    policy=/usr/sbin/policy-rc.d
    saved=$policy.before-mxverdict
    restore() {
        grep -qs 'put here by mxverdict' "$policy" && rm -f "$policy"
        [ ! -e "$saved" ] || mv "$saved" "$policy"
    }
    take_lock packages "another installation of packages"
    restore
    trap restore EXIT
    trap 'exit 130' INT TERM HUP
    [ ! -e "$policy" ] || mv "$policy" "$saved"
    printf '#!/bin/sh\n# put here by mxverdict while it installs packages\nexit 101\n' >"$policy"
    chmod 755 "$policy"

    report=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    apt="apt-get -q -y -o DPkg::Lock::Timeout=300"
    if ! { $apt update && $apt install --no-install-recommends --no-remove "$@"; } >"$report" 2>&1 9>&-; then
        tail -n 15 "$report" >&2
        fail "apt-get could not install: $*; the whole output is $report"
    fi
    rm -f "$report"
    for daemon in exim4-daemon-heavy:exim4 bind9:named rbldnsd:rbldnsd monit:monit zabbix-agent:zabbix-agent \
        prometheus-blackbox-exporter:prometheus-blackbox-exporter; do
        case " $* " in *" ${daemon%:*} "*) update-rc.d "${daemon#*:}" disable 2>/dev/null || true ;; esac
    done
    # rbldnsd's package brings a socket on port 53 of every address besides.
    case " $* " in *" rbldnsd "*) systemctl disable rbldnsd.socket 2>/dev/null || true ;; esac
)
