"""`mxverdict log`: what Exim's log says about the testers."""

from __future__ import annotations

import argparse
import re
import time
from typing import Any

from mxverdict.cli.common import close_expired_quietly, command, console, print_json, root_host, tester_option

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PATIENCE = 120.0


def register(commands: Any) -> None:
    log = command(
        commands, "log", _log, "what Exim's log says: the testers' visits, refused senders, the delay"
    )
    log.add_argument(
        "--since",
        metavar="TIME",
        type=ago,
        default=ago("24h"),
        help="how far back, such as 30m, 24h, 7d or 4w (default: 24h)",
    )
    tester_option(log)


def ago(text: str) -> float:
    """How far back an option says, in seconds. Raises ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,4})([mhdw])", text.strip(), re.ASCII)
    if found is None or int(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no time such as 30m, 24h, 7d or 4w")
    return float(int(found[1]) * _UNITS[found[2]])


def _log(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from mxverdict import testers as catalogue
    from mxverdict.report.log import log_json, print_log
    from mxverdict.report.traffic import print_traffic, traffic_json
    from mxverdict.services import mail_log
    from mxverdict.services.check import select_testers

    wanted = {tester.name for tester in select_testers(options.tester)}
    host = root_host()
    close_expired_quietly(host)
    known = catalogue.load(host=host).testers
    since = time.time() - options.since
    log = mail_log.read_tester_visits(host, since, time.monotonic() + _PATIENCE)
    log = replace(log, visits=tuple(visit for visit in log.visits if visit.tester in wanted))
    traffic = None if options.tester else mail_log.read_traffic(host, since, time.monotonic() + _PATIENCE)
    if options.json:
        print_json({**log_json(log, known), **({"traffic": traffic_json(traffic)} if traffic else {})})
    else:
        print_log(log, known, console())
        if traffic:
            print_traffic(traffic, console())
    return 3 if log.since is None or log.remarks else 0
