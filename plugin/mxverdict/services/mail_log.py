"""What Exim's log shows: the testers' visits, and everybody else's traffic."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from mxverdict import testers
from mxverdict.collect.mainlog.visit_reader import read_visits
from mxverdict.errors import HostError
from mxverdict.evidence.visit import VisitLog
from mxverdict.fs import safe_edit
from mxverdict.host import Host
from mxverdict.net import iplsearch
from mxverdict.net.address import Network
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
    lists = dict(exempting_lists(host))
    found = read_traffic(host, since, time.time(), exempt=exempt, deadline=deadline, lists=lists)
    slots = exim_options(host, "smtp_accept_max").get("smtp_accept_max", "")
    return replace(found, slots=int(slots) if slots.isdigit() and slots.isascii() else None)


def exempting_lists(host: Host) -> Iterator[tuple[str, list[Network]]]:
    """Those that could exempt senders from the delay, as far as they can be read."""
    from mxverdict.evidence.traffic import COMMON_PROVIDERS, TRUSTED_HOSTS

    for name, path in (
        (COMMON_PROVIDERS, host.greylist_common_mail_providers),
        (TRUSTED_HOSTS, host.greylist_trusted_netblocks),
    ):
        with suppress(HostError):
            yield name, iplsearch.networks(safe_edit.read(path) or b"")
