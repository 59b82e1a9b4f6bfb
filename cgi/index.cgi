#!/bin/sh
# The page of MX Verdict inside WHM.
# shellcheck source=bin/python.sh
. /opt/mxverdict/bin/python.sh
start page
printf '%s\r\n' 'Status: 500 Internal Server Error' 'Content-Type: text/plain; charset=utf-8' 'Cache-Control: no-store' \
    'X-Content-Type-Options: nosniff' ''
echo 'MX Verdict: no Python 3.9 or later is installed, so test windows do not close. Install one, then run install.sh again.'
