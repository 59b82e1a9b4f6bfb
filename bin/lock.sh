# shellcheck shell=bash
# Sourced; needs `fail`.

# take_lock NAME WHAT: one at a time until this shell and all it started end; WHAT is who holds it, in the error. The
# file is in a folder of root's alone, because whoever can open a file can lock it. One who is started by the holder has
# the lock already.
take_lock() {
    install -d -o 0 -g 0 -m 0700 /run/mxverdict
    local lock=/run/mxverdict/$1.lock
    [ /proc/self/fd/9 -ef "$lock" ] || exec 9>"$lock"
    flock -w 60 9 || fail "$2 has been running for a minute; try again when it has ended"
}
