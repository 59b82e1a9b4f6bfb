# shellcheck shell=sh
# Which Python runs MX Verdict. Sourced by install.sh, uninstall.sh, the keeper, the page and the command.
# shellcheck disable=SC2034

home=/opt/mxverdict

# Why the keeper could not run the last time, in one line. No file: it could.
keeper_error=${MXVERDICT_ROOT-}/var/lib/mxverdict/keeper.error

# The interpreter of the installation, without links: install.sh writes its path here.
installed_python=@PYTHON@

# The distribution's own comes first, because it lives as long as the distribution does.
known_pythons='/usr/bin/python3 /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11
/usr/bin/python3.10 /usr/bin/python3.9 /usr/local/bin/python3 /usr/local/bin/python3.14 /usr/local/bin/python3.13
/usr/local/bin/python3.12 /usr/local/bin/python3.11 /usr/local/bin/python3.10 /usr/local/bin/python3.9'

# find_python MODULES: prints the path, without links, of the first Python 3.9 or later that has MODULES (by commas)
# and that only root can replace. /usr/bin/python3 may be a link of `alternatives`, which an administrator switches.
# It looks with the system's programs alone: the command has root's PATH, in which others may have a folder.
find_python() (
    PATH=/usr/sbin:/usr/bin:/sbin:/bin
    for candidate in $known_pythons; do
        real=$(readlink -f "$candidate") || continue
        if only_root_writes "$real" &&
            "$real" -I -S -c "import sys, $1; sys.exit(sys.version_info < (3, 9))" 2>/dev/null; then
            echo "$real"
            return 0
        fi
    done
    return 1
)

# only_root_writes PATH: succeeds when the file and each folder above it belong to root, who alone may write to them.
only_root_writes() {
    checked=$1
    while :; do
        case $(stat -c '%u %A' "$checked" 2>/dev/null) in
            '0 '?????-??-*) ;;
            *) return 1 ;;
        esac
        [ "$checked" != / ] || return 0
        checked=${checked%/*}
        checked=${checked:-/}
    done
}

# start PROGRAM ARGUMENT …: replaces this shell by a program of the package (see start.py). Without a virtual environment
# that starts, the standard library alone is enough for windows, and to say what is wrong. Returns without any Python.
start() {
    venv=$home/venv/bin/python
    if [ -x "$venv" ] && { [ ! -e "$keeper_error" ] || "$venv" -I -S -c '' 2>/dev/null; }; then
        exec "$venv" -I "$home/bin/start.py" "$@"
    elif python=$(find_python sqlite3); then
        exec "$python" -I -S "$home/bin/start.py" "$@"
    fi
}
