"""Addresses of testers that the catalogue lacks: found in the log, proved by DNS, kept by the server's owner.

A name in an EHLO proves nothing. An address is the tester's when its reverse name is under the tester's
domain, which only the owner of the address can set, and that name leads back to the address, which only the
owner of the domain can do.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mxverdict import testers
from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.audit.log import RefusedAction
from mxverdict.collect import resolver
from mxverdict.collect.mainlog.helo_search import named_visitors
from mxverdict.errors import AddressRefused, HostError, MxVerdictError, UsageError
from mxverdict.evidence import ReverseDns
from mxverdict.evidence.tester_candidate import Candidate
from mxverdict.fs.atomic_write import atomic_write
from mxverdict.fs.lock import exclusive
from mxverdict.host import Host
from mxverdict.i18n.message import Message, escape_message, join, to_json
from mxverdict.net.networks import MAX_NETWORKS, parse
from mxverdict.sanitize import escape_control
from mxverdict.testers import Tester, TesterAddress, local_addresses
from mxverdict.testers.local_addresses import LocalTesterAddress

_LOCK_WAIT = 10.0
_LOOKUP = 20.0
_CANDIDATES = 50
_REASON = 200


def candidates(host: Host, since: float, deadline: float) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Visitors since `since` (Unix time) that call themselves after a tester and are in no catalogue: those
    that DNS confirms first, then the latest; and remarks on what could not be read. `deadline` is a
    `time.monotonic()` value."""
    known = testers.load(host=host)
    visitors, remarks = named_visitors(host, known.testers, since, deadline)
    if len(visitors) > _CANDIDATES:
        remarks += (
            Message(
                "of {count} visitors with such names only the latest {limit} were looked up",
                count=len(visitors),
                limit=_CANDIDATES,
            ),
        )
    asked = visitors[:_CANDIDATES]
    answers = resolver.reverse_all([one.address for one in asked], deadline)
    found = [
        Candidate(one, answer, forward_confirmed_name(answer, known.tester(one.tester)))
        for one, answer in zip(asked, answers)
    ]
    return tuple(sorted(found, key=lambda one: not one.name)), remarks


def forward_confirmed_name(reverse: ReverseDns, tester: Tester) -> str:
    """The reverse name under one of the tester's domains that leads back to the address; "" without one."""
    address = ipaddress.ip_address(reverse.address)
    for forward in reverse.forwards:
        if tester.owns(forward.name) and any(
            ipaddress.ip_address(text) == address for text in forward.addresses
        ):
            return forward.name
    return ""


def add(
    host: Host, address: str, tester_name: str, actor: Actor, *, reason: str = "", force: bool = False
) -> TesterAddress:
    """Keep an address as one of the tester's, after DNS has confirmed it now, or unconfirmed with `force` and
    a reason.

    Raises UsageError, AddressRefused when DNS says otherwise, HostError when DNS or the file does not do its
    part; nothing is changed then.
    """
    with _refusals(host, actor, RefusedAction.ADD_TESTER_ADDRESS, address, reason):
        reason = escape_control(reason.strip(), _REASON)
        if force and not reason:
            raise UsageError(Message("an address that DNS does not confirm needs a reason"))
        with _file(host) as added:
            known = testers.load(host=host)
            tester = known.tester(tester_name)
            bare = _single(address)
            _check_new(bare, tester, known.testers)
            proof, name = ("", "") if force else verify_by_dns(bare, tester)
            source = Message("added by {user}: {why}", user=actor.user, why=reason if force else proof)
            row = LocalTesterAddress(
                bare, tester.name, name, time.strftime("%Y-%m-%d"), escape_message(source)
            )
            result = join([tester.name, proof or Message("not confirmed by DNS")], ": ")
            log.record(host, actor, "add_tester_address", addresses=[bare], reason=reason, result=result)
            _write(host, [*added, row])
    return TesterAddress(row.address, row.name, row.date, row.source, added=True)


def remove(host: Host, address: str, actor: Actor) -> LocalTesterAddress:
    """Forget an address that was added. Raises UsageError, HostError."""
    with _refusals(host, actor, RefusedAction.REMOVE_TESTER_ADDRESS, address, ""):
        bare = _single(address)
        with _file(host) as added:
            row = next((one for one in added if one.address == bare), None)
            if row is None:
                raise UsageError(
                    Message(
                        "{address} is not among the addresses that were added on this server", address=bare
                    )
                )
            log.record(host, actor, "remove_tester_address", addresses=[bare], result=row.tester)
            _write(host, [one for one in added if one != row])
    return row


def _single(text: str) -> str:
    (network,) = parse([text])
    if network.num_addresses != 1:
        raise UsageError(
            Message(
                "{address} is more than one address; add each one that was seen",
                address=escape_control(text, 60),
            )
        )
    return str(network.network_address)


def _check_new(address: str, tester: Tester, known: Sequence[Tester]) -> None:
    for other in known:
        if any(ipaddress.ip_address(address) in network for network in other.networks):
            raise UsageError(
                Message(
                    "{address} is known already, as an address of {tester}",
                    address=address,
                    tester=other.title,
                )
            )
    if len(tester.addresses) >= MAX_NETWORKS:
        raise UsageError(
            Message(
                "{tester} has {count} addresses; a window takes {limit} at most",
                tester=tester.title,
                count=len(tester.addresses),
                limit=MAX_NETWORKS,
            )
        )


def verify_by_dns(address: str, tester: Tester) -> tuple[str, str]:
    """What proves the address, and its reverse name."""
    if not tester.domains:
        raise AddressRefused(
            Message(
                "no domain of {tester} is known, so DNS cannot confirm its addresses", tester=tester.title
            )
        )
    (reverse,) = resolver.reverse_all([address], time.monotonic() + _LOOKUP)
    name = forward_confirmed_name(reverse, tester)
    if name:
        return Message(
            "{address} has the name {name}, which leads back to it", address=address, name=name
        ), name
    unanswered = reverse.error or next((one.error for one in reverse.forwards if one.error), "")
    if unanswered:
        raise HostError(
            Message("{address} could not be confirmed: {reason}", address=address, reason=unanswered)
        )
    raise AddressRefused(
        Message(
            "{address} is not confirmed as {tester}'s: {reason}",
            address=address,
            tester=tester.title,
            reason=explain_mismatch(reverse, tester),
        )
    )


def explain_mismatch(reverse: ReverseDns, tester: Tester) -> str:
    """What DNS says about an address that it does not confirm."""
    if reverse.error:
        return reverse.error
    if not reverse.names:
        return Message("it has no reverse name")
    under = [name for name in reverse.names if tester.owns(name)]
    if not under:
        if not tester.domains:
            reason_template = Message("its reverse name {name} is not under any domain")
        elif len(tester.domains) == 1:
            reason_template = Message("its reverse name {name} is not under {domains}")
        else:
            reason_template = Message("its reverse name {name} is under none of {domains}")
        return reason_template.format(name=reverse.names[0], domains=", ".join(tester.domains))
    return Message("its reverse name {name} does not lead back to it", name=under[0])


@contextmanager
def _file(host: Host) -> Iterator[tuple[LocalTesterAddress, ...]]:
    """What was added so far, with nobody else changing it. Raises HostError for a damaged file: what cannot
    be read must not be lost."""
    with exclusive(host, "testers", _LOCK_WAIT):
        added, load_error = local_addresses.read(host.tester_addresses)
        if load_error:
            raise HostError(Message("{reason}; move it away or repair it first", reason=load_error))
        yield added


def _write(host: Host, rows: Sequence[LocalTesterAddress]) -> None:
    path = host.tester_addresses
    data = {"schema": local_addresses.SCHEMA, "addresses": [row._asdict() for row in rows]}
    data["messages"] = {row.address: to_json(row.source) for row in rows if isinstance(row.source, Message)}
    try:
        atomic_write(path, json.dumps(data, indent=1).encode())
    except OSError as error:
        raise HostError(
            Message("{path} cannot be written: {error}", path=path, error=error.strerror)
        ) from error


@contextmanager
def _refusals(host: Host, actor: Actor, refused: RefusedAction, address: str, reason: str) -> Iterator[None]:
    try:
        yield
    except MxVerdictError as error:
        log.record_refusal(host, actor, refused, error, addresses=[address], reason=reason)
        raise
