"""What has to be known of the server before `Host` is imported: a page's polling does without it."""

ROOT_VARIABLE = "MXVERDICT_ROOT"
"""The folder that is used as `/` (tests and the demo)."""
STATE = "var/lib/mxverdict"
EXIM_MAINLOG = "var/log/exim_mainlog"
CPANEL = "usr/local/cpanel"
