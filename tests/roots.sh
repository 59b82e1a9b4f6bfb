# shellcheck shell=bash
# Debian roots of other suites, each with an Exim of its own, beside this machine's. Sourced by tests/run and tests/fresh.
#
# A root is made by debootstrap, each month anew. Tests run in a copy of it that is gone with them, with mounts and
# process ids of their own, so that nothing outlives them and two runs at once do not meet.
# Needs `fail`.

roots=/var/cache/mxverdict-roots
# shellcheck disable=SC2034
exim_suites=(bullseye bookworm trixie sid)
# shellcheck disable=SC2034
newest_suite=sid

oldest_exim() { # SUITE: the version that it serves at least; all but sid stay with theirs
    case $1 in
        bullseye) echo 4.94 ;;
        bookworm) echo 4.96 ;;
        trixie) echo 4.98 ;;
        sid) echo 4.99 ;;
    esac
}

mirror() { # prints the Debian mirror that this machine's apt uses; nothing on another distribution
    local system codename
    read -r system codename < <(. /etc/os-release && echo "$ID ${VERSION_CODENAME-}")
    if [ "$system" = debian ]; then
        apt-get indextargets --format "\$(COMPONENT) \$(RELEASE) \$(REPO_URI)" 'Created-By: Packages' |
            main_archive "$codename"
    fi
}

main_archive() { # CODENAME: of lines of component, release and URI, prints the URI of Debian's own archive
    awk -v codename="$1" '
        $1 == "main" && $2 == codename && !own { own = $3 }
        $1 == "main" && $2 ~ /^(sid|unstable|testing|stable)$/ && !other { other = $3 }
        END { print own ? own : other }'
}

# --- running in a root ---------------------------------------------------------------------------------------

run_in() { # TREE CHECKOUT [NAME=VALUE …] COMMAND …: in that folder as root folder; it keeps what is written
    _enter kept "$@"
}

run_in_copy() { # the same, and what is written is thrown away, except in the checkout
    _enter copied "$@"
}

_enter() {
    # Process 1 is a shell, not the command: it reaps what the command leaves behind.
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --propagation private -- \
        bash -euc "$(declare -f _entered); _entered \"\$@\"" run_in "$@"
}

_entered() { # KIND TREE CHECKOUT …
    local kind=$1 tree=$2 checkout=$3 copy trust
    trust=${SSL_CERT_FILE:-${PIP_CERT:-}}
    shift 3
    if [ "$kind" = copied ]; then
        copy=$tree.copy
        mkdir -p "$copy"
        mount -t tmpfs -o mode=755 copy "$copy"
        mkdir "$copy/changes" "$copy/work" "$copy/root"
        mount -t overlay -o "lowerdir=$tree,upperdir=$copy/changes,workdir=$copy/work" copy "$copy/root"
        tree=$copy/root
    else
        mount --bind "$tree" "$tree"
    fi
    cp /etc/resolv.conf /etc/hosts "$tree/etc/"
    mount -t proc proc "$tree/proc"
    mount -t sysfs sysfs "$tree/sys"
    mount --rbind /dev "$tree/dev"
    mount -t tmpfs -o mode=755 run "$tree/run"
    [ -z "$trust" ] || cp "$trust" "$tree/run/trust.pem"
    if [ "$kind" = copied ]; then
        mount -t tmpfs -o mode=1777 tmp "$tree/tmp"
    fi
    if [ -n "$checkout" ]; then
        mkdir -p "$tree$checkout"
        mount --bind "$checkout" "$tree$checkout"
    fi
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb \
        chroot "$tree" env --chdir="${checkout:-/root}" "$@"
}

# For pip and npm in a root: this machine's proxies, and its authorities where it was told of others.
network_variables() { # prints NAME=VALUE lines
    local name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL; do
        [ -z "${!name-}" ] || printf '%s=%s\n' "$name" "${!name}"
    done
    if [ -n "${SSL_CERT_FILE:-${PIP_CERT:-}}" ]; then
        printf '%s=/run/trust.pem\n' SSL_CERT_FILE PIP_CERT NODE_EXTRA_CA_CERTS
    fi
}

# --- making one ----------------------------------------------------------------------------------------------

# Each is named after what goes into it, so that checkouts that differ do not take away each other's.
month=$(date +%Y-%m)

minbase_tree() { # SUITE: prints the folder of what `debootstrap --variant=minbase` makes
    _tree "$1-minbase" "$(declare -f _debootstrap)"
}

exim_tree() { # SUITE: prints the folder of that and what the sandbox needs
    _tree "$1-exim" "$(declare -f _debootstrap _with_exim need_python need_for_sandbox)$(cat tests/packages.sh)"
}

_tree() { # NAME INGREDIENTS
    echo "$roots/$1-$(sha256sum <<<"$month $2" | cut -c 1-12)"
}

minbase() { # SUITE: makes its `minbase_tree`
    _keep "$(minbase_tree "$1")" _debootstrap "$1"
}

exim_root() { # SUITE: makes its `exim_tree`
    minbase "$1" && _keep "$(exim_tree "$1")" _with_exim "$1"
}

_keep() { # FOLDER COMMAND …: fills it by `COMMAND … FOLDER`, unless that is done
    local folder=$1
    shift
    mkdir -p "$roots"
    (
        flock 9
        touch /dev/fd/9 # when it was last asked for
        [ ! -d "$folder" ] || exit 0
        _forget_unused
        rm -rf "$folder.unfinished"
        "$@" "$folder.unfinished" && mv "$folder.unfinished" "$folder"
    ) 9>>"$folder.lock"
}

_forget_unused() { # roots that nobody asked for in 40 days
    find "$roots" -maxdepth 1 -name '*.lock' -mtime +40 | while read -r lock; do
        (! flock -n 8 || rm -rf "${lock%.lock}" "${lock%.lock}.unfinished") 8>>"$lock"
    done
}

_debootstrap() { # SUITE FOLDER
    local mirror
    mirror=${MIRROR:-$(mirror)}
    # With mounts of its own: when it is interrupted, nothing of this machine is mounted in what is left.
    # shellcheck disable=SC2086
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --propagation private -- \
        env -i PATH="$PATH" HOME=/root http_proxy="${http_proxy-}" \
        debootstrap --variant=minbase "$1" "$2" $mirror || return
    # What of this machine's apt says how the mirror is reached. Suites that have ended are not signed anew.
    {
        apt-config dump 2>/dev/null | grep -E '^Acquire::https?::' || true
        echo 'Acquire::Check-Valid-Until "false";'
    } >"$2/etc/apt/apt.conf.d/90mirror"
}

_with_exim() { # SUITE FOLDER
    cp -a "$(minbase_tree "$1")" "$2" &&
        echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/unsafe-io" &&
        run_in "$2" "$PWD" bash -euc '
            fail() { echo "$*" >&2; exit 3; }
            . bin/lock.sh
            . tests/packages.sh
            . tests/environment.sh
            need_python
            need_for_sandbox
            install_missing_packages
            apt-get clean'
}

# --- the tests in one ----------------------------------------------------------------------------------------

root_environment() { # SUITE: makes its root, and $venvs/root-SUITE with the root's Python
    exim_root "$1" || return
    local network
    mapfile -t network < <(network_variables)
    # shellcheck disable=SC2016
    in_root "$1" ${network[@]+"${network[@]}"} bash -euc '
        fail() { echo "$*" >&2; exit 3; }
        . tests/environment.sh
        environment "$1" /usr/bin/python3 requirements.lock requirements-tests.lock' bash "root-$1"
}

in_root() { # SUITE COMMAND …: with the checkout at its own place
    local tree
    tree=$(exim_tree "$1")
    shift
    (
        flock -s 9
        run_in_copy "$tree" "$PWD" "$@"
    ) 9>>"$tree.lock"
}

exim_of() { # SUITE: prints the version of its Exim; fails when it is older than `oldest_exim` or of another series
    local version least
    least=$(oldest_exim "$1")
    version=$(in_root "$1" exim4 -C /dev/null -bV 2>/dev/null | sed -n 's/^Exim version \([^ ]*\) .*/\1/p')
    echo "$version"
    case $1,$version in
        sid,*) [ "$(printf '%s\n' "$least" "$version" | sort -V | head -n 1)" = "$least" ] ;;
        *,"$least" | *,"$least".*) ;;
        *) return 1 ;;
    esac
}
