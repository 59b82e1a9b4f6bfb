"""What Exim's log shows: the testers' visits, and everybody else's traffic."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from mxverdict import testers
from mxverdict.collect.mainlog import read_visits
from mxverdict.evidence.visit import VisitLog
from mxverdict.host import Host
from mxverdict.net.networks import own_addresses

if TYPE_CHECKING:
    from mxverdict.evidence.traffic import Traffic


def read_tester_visits(host: Host, since: float, deadline: Optional[float] = None) -> VisitLog:
    """Those of all known testers since `since` (Unix time); `deadline` as of `time.monotonic`."""
    return read_visits(host, testers.load(host=host).testers, since, deadline=deadline)


def read_traffic(host: Host, since: float, deadline: Optional[float] = None) -> Traffic:
    """That of everybody but the testers and this server, with the slots that Exim has for it."""
    from mxverdict.collect.exim_options import exim_options
    from mxverdict.collect.mainlog.traffic import read_traffic

    exempt = [network for tester in testers.load(host=host).testers for network in tester.networks]
    exempt += [ipaddress.ip_network(address) for address in own_addresses()]
    found = read_traffic(host, since, time.time(), exempt=exempt, deadline=deadline)
    slots = exim_options(host, "smtp_accept_max").get("smtp_accept_max", "")
    return replace(found, slots=int(slots) if slots.isdigit() and slots.isascii() else None)
