"""Judges how mail leaves this server: source address, HELO name, PTR.

Receivers compare the three (RFC 5321 section 4.1.4; RFC 1912 section 2.1; "iprev" in RFC 8601 section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mxverdict.addresses import special_kind
from mxverdict.evidence import Forward, ReverseDns
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.judge.truth import is_host_name

HELO = "HELO name of outgoing mail"
SENDING_ADDRESS = "PTR of the sending address"
FILES = "Outgoing mail set-up"
_SHOWN = 5


def judge_outgoing(one: Outgoing) -> tuple[Finding, ...]:
    """What is true of one combination of source address and HELO name."""
    found = list(_files(one))
    if one.address and one.here and not one.error:
        found += [_helo(one), _reverse(one)]
    return tuple(found)


def _files(one: Outgoing) -> Iterable[Finding]:
    if one.error:
        row = Row(FILES, "unknown", "not told", host=_who(one))
        why = "How mail of these domains leaves the server could not be told."
        yield Finding(row, Verdict.UNKNOWN, why, (one.error,))
        return
    if one.wrong:
        yield Finding(
            Row(FILES, "error", f"{one.wrong} is no address", host=_who(one)),
            Verdict.PROBLEM,
            "Exim cannot send from what is no address; the mail of these domains waits and comes back.",
            (f"{one.address_source} for {_who(one)}: {one.wrong}",),
            f"Mend the line in {one.address_source}; several addresses are parted by semicolons.",
            Owner.SERVER,
        )
    if not one.here:
        nat = "" if not special_kind(one.local_address) else " (a private one)"
        yield Finding(
            Row(FILES, "error", f"{one.local_address} is not on this server", host=_who(one)),
            Verdict.PROBLEM,
            "Exim cannot send from an address that the server does not have; the mail waits and comes back.",
            (f"{one.address_source} gives {one.local_address}{nat} for {_who(one)}",),
            f"Write an address of this server into {one.address_source}; behind NAT the inside one.",
            Owner.SERVER,
        )
    if not one.kept:
        yield Finding(
            Row(FILES, "warning", "will be overwritten", host=_who(one)),
            Verdict.ADVISORY,
            "The lines work now, but cPanel overwrites them at its next updateuserdomains.",
            (f"{_who(one)}: HELO from {one.helo_source}, address from {one.address_source}",),
            "In WHM, Exim Configuration Manager, Domains and IPs, switch on the settings that refer to "
            "/etc/mailhelo and /etc/mailips.",
            Owner.SERVER,
        )


def _helo(one: Outgoing) -> Finding:
    told = _told(one)
    forward = one.forward
    if not is_host_name(one.helo):
        row = Row(HELO, "error", one.helo, host=_who(one))
        why = "HELO must give a full host name (RFC 5321, 4.1.1.1); many receivers refuse this."
        return Finding(row, Verdict.PROBLEM, why, told, _set_helo(one), Owner.SERVER)
    if forward is None or (forward.error and one.address not in forward.addresses):
        row = Row(HELO, "unknown", one.helo, host=_who(one))
        reason = forward.error if forward is not None else "it was not looked up"
        return Finding(
            row, Verdict.UNKNOWN, "The addresses of the HELO name could not be looked up.", (reason,)
        )
    if one.address in forward.addresses:
        row = Row(HELO, "ok", one.helo, host=_who(one))
        return Finding(row, Verdict.OK, "The name leads to the address that the mail comes from.", told)
    if special_kind(one.address) and forward.addresses:
        return _behind_nat(HELO, one, told)
    return _helo_elsewhere(one, forward, told)


def _helo_elsewhere(one: Outgoing, forward: Forward, told: tuple[str, ...]) -> Finding:
    row = Row(HELO, "error", one.helo, host=_who(one))
    if any((":" in address) == (":" in one.address) for address in forward.addresses):
        why = "The HELO name belongs to another address than the one the mail comes from."
        return Finding(row, Verdict.PROBLEM, why, told, _set_helo(one), Owner.SERVER)
    why = "The HELO name has no address; receivers that check refuse the mail."
    if forward.addresses:
        family = "AAAA" if ":" in one.address else "A"
        why = f"The HELO name has no {family} record, so it does not lead to the address the mail comes from."
    todo = f"Add an address record for {one.helo} that points to {one.address}."
    return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ZONE)


def _reverse(one: Outgoing) -> Finding:
    reverse = one.reverse
    if special_kind(one.address):
        return _behind_nat(SENDING_ADDRESS, one, _told(one))
    if reverse is None or reverse.error:
        row = Row(SENDING_ADDRESS, "unknown", "not told", host=one.address)
        reason = reverse.error if reverse is not None else "it was not looked up"
        return Finding(row, Verdict.UNKNOWN, "The PTR could not be looked up.", (reason,))
    if not reverse.names:
        row = Row(SENDING_ADDRESS, "error", "none", host=one.address)
        why = f"{one.address} has no name (PTR); large receivers refuse mail from such an address."
        todo = f"Have the PTR of {one.address} set to {one.helo}."
        return Finding(row, Verdict.PROBLEM, why, _told(one), todo, Owner.ADDRESS)
    confirmed = [f.name for f in reverse.forwards if one.address in f.addresses]
    return _confirmed(one, reverse, confirmed) if confirmed else _unconfirmed(one, reverse)


def _unconfirmed(one: Outgoing, reverse: ReverseDns) -> Finding:
    names = ", ".join(reverse.names)
    if any(forward.error for forward in reverse.forwards):
        row = Row(SENDING_ADDRESS, "unknown", names, host=one.address)
        return Finding(row, Verdict.UNKNOWN, "The way back from the PTR could not be looked up.", _told(one))
    row = Row(SENDING_ADDRESS, "error", names, host=one.address)
    why = f"The PTR does not lead back to {one.address}, so it counts for nothing."
    todo = f"Point {reverse.names[0]} at {one.address}, or have the PTR set to {one.helo}."
    return Finding(row, Verdict.PROBLEM, why, _told(one), todo, Owner.ADDRESS)


def _confirmed(one: Outgoing, reverse: ReverseDns, confirmed: Sequence[str]) -> Finding:
    names = ", ".join(reverse.names)
    row = Row(SENDING_ADDRESS, "warning", names, host=one.address)
    if len(reverse.names) > 1:
        why = "The address has several names; receivers may look at any one of them."
        todo = f"Keep {confirmed[0]} alone."
        return Finding(row, Verdict.ADVISORY, why, _told(one), todo, Owner.ADDRESS)
    if one.helo.lower().rstrip(".") != confirmed[0].lower():
        why = "The PTR is sound, but HELO gives another name; a few receivers want the same one."
        todo = f"Let HELO say {confirmed[0]}: see {one.helo_source}."
        return Finding(row, Verdict.ADVISORY, why, _told(one), todo, Owner.SERVER)
    row = Row(SENDING_ADDRESS, "ok", names, host=one.address)
    return Finding(row, Verdict.OK, "Address, PTR and HELO name agree in both directions.", _told(one))


def _behind_nat(name: str, one: Outgoing, told: tuple[str, ...]) -> Finding:
    row = Row(name, "unknown", f"{one.address} is not what the world sees", host=_who(one))
    why = "Mail leaves from a private address, and cPanel knows no public one for it (NAT)."
    todo = "Let cPanel find the public address: /usr/local/cpanel/scripts/build_cpnat."
    return Finding(row, Verdict.UNKNOWN, why, told, todo, Owner.SERVER)


def _set_helo(one: Outgoing) -> str:
    back = one.reverse.forwards if one.reverse is not None else ()
    better = next((f.name for f in back if one.address in f.addresses), "the PTR name of the address")
    return (
        f"Let HELO say {better}: in WHM, Exim Configuration Manager, Domains and IPs, use the reverse DNS "
        "entry for HELO, or write it into /etc/mailhelo."
    )


def _told(one: Outgoing) -> tuple[str, ...]:
    inside = f" ({one.local_address} inside)" if one.local_address != one.address else ""
    source = f"from {one.address}{inside} by {one.address_source}"
    lines = [f"{_who(one)}: {source}, HELO {one.helo} by {one.helo_source}"]
    if one.forward is not None and not one.forward.error:
        lines.append(f"{one.helo}: {', '.join(one.forward.addresses) or 'no address'}")
    if one.reverse is not None and not one.reverse.error:
        lines.append(f"PTR of {one.address}: {', '.join(one.reverse.names) or 'none'}")
        lines += [
            f"{f.name}: {', '.join(f.addresses) or f.error or 'no address'}" for f in one.reverse.forwards
        ]
    return tuple(dict.fromkeys(lines))


def _who(one: Outgoing) -> str:
    shown = ["mail in general" if domain == "*" else domain for domain in one.domains[:_SHOWN]]
    more = len(one.domains) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
