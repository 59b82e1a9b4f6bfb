"""Addresses of testers that the catalogue lacks: found in the log, proved by DNS, kept by the server's owner.

A name in an EHLO proves nothing. An address is the tester's when its reverse name is under the tester's
domain, which only the owner of the address can set, and that name leads back to the address, which only the
owner of the domain can do.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from mxverdict import testers
from mxverdict.collect import dns
from mxverdict.collect.mainlog.named import named_visitors
from mxverdict.errors import AddressRefused, HostError, JournalError, MxVerdictError, UsageError
from mxverdict.evidence import ReverseDns
from mxverdict.evidence.candidate import Candidate
from mxverdict.host import Host
from mxverdict.testers import Tester, TesterAddress, own
from mxverdict.testers.own import OwnAddress
from mxverdict.window import audit
from mxverdict.window.files import fsync_folder
from mxverdict.window.lock import exclusive
from mxverdict.window.model import Actor
from mxverdict.window.networks import MOST, parse

_LOCK_WAIT = 10.0
_LOOK_UP = 20.0
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
            f"of {len(visitors)} visitors with such names only the latest {_CANDIDATES} were looked up",
        )
    asked = visitors[:_CANDIDATES]
    answers = dns.reverse_all([one.address for one in asked], deadline)
    found = [
        Candidate(one, answer, confirmed(answer, known.tester(one.tester)))
        for one, answer in zip(asked, answers)
    ]
    return tuple(sorted(found, key=lambda one: not one.name)), remarks


def confirmed(reverse: ReverseDns, tester: Tester) -> str:
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
    with _refusals(host, actor, "add tester address", address, reason):
        reason = audit.clean(reason.strip(), _REASON)
        if force and not reason:
            raise UsageError("an address that DNS does not confirm needs a reason")
        with _file(host) as added:
            known = testers.load(host=host)
            tester = known.tester(tester_name)
            bare = _single(address)
            _check_new(bare, tester, known.testers)
            proof, name = ("", "") if force else _proof(bare, tester)
            source = f"added by {actor.user}: {reason}" if force else f"added by {actor.user}: {proof}"
            row = OwnAddress(bare, tester.name, name, time.strftime("%Y-%m-%d"), audit.clean(source))
            result = f"{tester.name}: {proof or 'not confirmed by DNS'}"
            audit.record(
                host, actor, "add_tester_address", addresses=[bare], reason=reason, result=audit.clean(result)
            )
            _write(host, [*added, row])
    return TesterAddress(row.address, row.name, row.date, row.source, added=True)


def remove(host: Host, address: str, actor: Actor) -> OwnAddress:
    """Forget an address that was added. Raises UsageError, HostError."""
    with _refusals(host, actor, "remove tester address", address, ""):
        bare = _single(address)
        with _file(host) as added:
            row = next((one for one in added if one.address == bare), None)
            if row is None:
                raise UsageError(f"{bare} is not among the addresses that were added on this server")
            audit.record(host, actor, "remove_tester_address", addresses=[bare], result=row.tester)
            _write(host, [one for one in added if one != row])
    return row


def _single(text: str) -> str:
    (network,) = parse([text])
    if network.num_addresses != 1:
        raise UsageError(f"{audit.clean(text, 60)} is more than one address; add each one that was seen")
    return str(network.network_address)


def _check_new(address: str, tester: Tester, known: Sequence[Tester]) -> None:
    for other in known:
        if any(ipaddress.ip_address(address) in network for network in other.networks):
            raise UsageError(f"{address} is known already, as an address of {other.title}")
    if len(tester.addresses) >= MOST:
        raise UsageError(
            f"{tester.title} has {len(tester.addresses)} addresses; a window takes {MOST} at most"
        )


def _proof(address: str, tester: Tester) -> tuple[str, str]:
    """What proves the address, and its reverse name."""
    if not tester.domains:
        raise AddressRefused(f"no domain of {tester.title} is known, so DNS cannot confirm its addresses")
    (reverse,) = dns.reverse_all([address], time.monotonic() + _LOOK_UP)
    name = confirmed(reverse, tester)
    if name:
        return f"{address} has the name {name}, which leads back to it", name
    unanswered = reverse.error or next((one.error for one in reverse.forwards if one.error), "")
    if unanswered:
        raise HostError(f"{address} could not be confirmed: {unanswered}")
    raise AddressRefused(f"{address} is not confirmed as {tester.title}'s: {in_words(reverse, tester)}")


def in_words(reverse: ReverseDns, tester: Tester) -> str:
    """What DNS says about an address that it does not confirm."""
    if reverse.error:
        return reverse.error
    if not reverse.names:
        return "it has no reverse name"
    under = [name for name in reverse.names if tester.owns(name)]
    if not under:
        return (
            f"its reverse name {reverse.names[0]} is not under {' or '.join(tester.domains) or 'any domain'}"
        )
    return f"its reverse name {under[0]} does not lead back to it"


@contextmanager
def _file(host: Host) -> Iterator[tuple[OwnAddress, ...]]:
    """What was added so far, with nobody else changing it. Raises HostError for a damaged file: what cannot
    be read must not be lost."""
    with exclusive(host, "testers", _LOCK_WAIT):
        added, trouble = own.read(host.tester_addresses)
        if trouble:
            raise HostError(f"{trouble}; move it away or repair it first")
        yield added


def _write(host: Host, rows: Sequence[OwnAddress]) -> None:
    path = host.tester_addresses
    fresh = path.with_suffix(".new")
    data = {"schema": own.SCHEMA, "addresses": [dataclasses.asdict(row) for row in rows]}
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(data, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        fsync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise HostError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def _refusals(host: Host, actor: Actor, action: str, address: str, reason: str) -> Iterator[None]:
    try:
        yield
    except MxVerdictError as error:
        with suppress(JournalError):
            audit.record(
                host, actor, "refuse", addresses=[address], reason=reason, result=f"{action}: {error}"
            )
        raise
