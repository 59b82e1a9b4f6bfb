"""The tester's networks among the trusted hosts of cPanel's Greylisting, while that is on.

WHM API 1 alone changes them; /etc/greylist_trusted_netblocks follows a second or two later, written by
another process. The API names ranges as `start-end`, so they are compared as numbers. Ours carry a comment of
their own.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxverdict.errors import HostError, WhmUnreachable
from mxverdict.fs import safe_edit
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.net import iplsearch
from mxverdict.net.address import Network
from mxverdict.net.networks import show
from mxverdict.whm.api import WhmApi
from mxverdict.window.changes.bypass_list import Record

CHANGES = frozenset({"create_cpgreylist_trusted_host", "delete_cpgreylist_trusted_host"})
_STATUS = "cpgreylist_status"
_FILE_WAIT = 8.0
_POLL = 0.1


@dataclass(frozen=True)
class TrustedHost:
    """One entry as the API names it, with its first and last address as numbers."""

    text: str
    comment: str
    version: int
    first: int
    last: int


def enabled(api: WhmApi) -> bool:
    """Whether greylisting is on. Raises WhmError, also for an answer that does not say."""
    answer = str(api.call(_STATUS).get("is_enabled"))
    if answer not in ("0", "1"):
        raise WhmUnreachable(_STATUS, Message("the answer does not say whether greylisting is on"))
    return answer == "1"


def apply(host: Host, api: WhmApi, networks: Sequence[Network], comment: str, record: Record) -> list[str]:
    """Trust those networks that are not trusted yet; returns remarks. Raises HostError, WhmError."""
    wanted = _missing(api, networks)
    record({"networks": [str(network) for network in wanted], "comment": comment})
    if not wanted:
        return []
    api.call(
        "create_cpgreylist_trusted_host", **_numbered([show(network) for network in wanted]), comment=comment
    )
    refused = _missing(api, wanted)
    if refused:
        raise HostError(
            Message(
                "Greylisting did not take {addresses} as trusted hosts",
                addresses=", ".join(map(show, refused)),
            )
        )
    if not _wait(lambda: set(wanted) <= _listed(host)):
        return [
            Message(
                "Greylisting has not written its trusted hosts to Exim's list yet: "
                "it may still defer the tester"
            )
        ]
    return []


def revert(host: Host, api: WhmApi, plan: dict[str, Any]) -> list[str]:
    """Delete what `apply` added, where it still is ours; returns remarks.

    While greylisting is off the API cannot delete and the entries have no effect; raises RevertDeferred then.
    Raises HostError, WhmError when they could not be deleted.
    """
    networks = [ipaddress.ip_network(text) for text in plan["networks"]]
    if not networks:
        return []
    if str(api.call(_STATUS).get("is_enabled")) != "1":
        if _listed(host).intersection(networks):
            raise HostError(
                Message("{path} still holds the window's addresses", path=host.greylist_trusted_netblocks)
            )
        raise RevertDeferred
    ranges = {(network.version, int(network[0]), int(network[-1])) for network in networks}
    there = [entry for entry in _read(api) if (entry.version, entry.first, entry.last) in ranges]
    ours = [entry.text for entry in there if entry.comment == plan["comment"]]
    if ours:
        api.call("delete_cpgreylist_trusted_host", **_numbered(ours))
        if any(entry.text in ours and entry.comment == plan["comment"] for entry in _read(api)):
            raise HostError(Message("Greylisting did not delete the window's trusted hosts"))
    others = {(entry.version, entry.first, entry.last) for entry in there if entry.text not in ours}
    mine = {net for net in networks if (net.version, int(net[0]), int(net[-1])) not in others}
    if not _wait(lambda: not _listed(host).intersection(mine)):
        raise HostError(
            Message("{path} still holds the window's addresses", path=host.greylist_trusted_netblocks)
        )
    return [
        Message("{address} was trusted by somebody else meanwhile", address=entry.text)
        for entry in there
        if entry.text not in ours
    ]


class RevertDeferred(Exception):
    """The entries are stored without effect; they must be deleted when they are in Exim's list again."""


def is_reactivated(host: Host, plan: dict[str, Any]) -> bool:
    """Return whether deferred entries are back in Exim's list."""
    return bool(_listed(host).intersection(ipaddress.ip_network(text) for text in plan["networks"]))


def _read(api: WhmApi) -> list[TrustedHost]:
    hosts = api.call("read_cpgreylist_trusted_hosts").get("greylist_trusted_hosts") or []
    found: list[TrustedHost] = []
    for entry in hosts:
        text = str(entry.get("host_ip"))
        try:
            if "-" in text:
                first, last = (ipaddress.ip_address(part.strip()) for part in text.split("-", 1))
            else:
                network = ipaddress.ip_network(text, strict=False)
                first, last = network[0], network[-1]
        except ValueError:
            continue
        found.append(TrustedHost(text, str(entry.get("comment") or ""), first.version, int(first), int(last)))
    return found


def _missing(api: WhmApi, networks: Sequence[Network]) -> list[Network]:
    trusted = _read(api)
    return [
        network
        for network in networks
        if not any(
            entry.version == network.version
            and entry.first <= int(network[0])
            and int(network[-1]) <= entry.last
            for entry in trusted
        )
    ]


def _numbered(texts: Sequence[str]) -> dict[str, str]:
    return {f"ip-{n}" if n else "ip": text for n, text in enumerate(texts)}


def _listed(host: Host) -> set[Network]:
    return set(iplsearch.networks(safe_edit.read(host.greylist_trusted_netblocks) or b""))


def _wait(condition: Any) -> bool:
    give_up = time.monotonic() + _FILE_WAIT
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(_POLL)
    return True
