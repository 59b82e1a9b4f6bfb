"""Judges the names this server gives itself: in the banner, and in the HELO of the mail it sends.

Receivers compare the HELO name, its addresses and the PTR of the sending address (RFC 5321, 4.1.4; RFC 1912,
2.1; RFC 8601, 2.7.3 "iprev").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mxverdict.addresses import special_kind
from mxverdict.evidence import Evidence, Target
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.judge.truth import Truth, is_host_name, truth_of

BANNER = "Name in the banner"
HELO = "HELO name of outgoing mail"
SENDING_ADDRESS = "PTR of the sending address"
FILES = "Outgoing mail set-up"


def judge_names(evidence: Evidence, outgoing: Sequence[Outgoing]) -> tuple[Finding, ...]:
    """Findings about this server that no tester prints; `outgoing` is how mail leaves it."""
    found = [_banner(target, truth_of(target, evidence)) for target in evidence.targets]
    for one in outgoing:
        found += _files(one)
        if not one.error and one.here:
            found += [_helo(one), _reverse(one)]
    return tuple(dict.fromkeys(found))


def _banner(target: Target, truth: Truth) -> Finding:
    """The strict rule: the first word of the banner is the name of the server (RFC 5321, 4.2), is a PTR of the
    address and leads back to it. The tester is content when a PTR stands anywhere in the banner."""
    first = (truth.greeting or "").split(maxsplit=1)[:1]
    word = first[0] if first else ""
    names = ", ".join(truth.ptr_names) or "none"
    told = (f"first word of the banner: {word or 'unknown'}", f"PTR of {target.address}: {names}")
    if truth.greeting is None or truth.ptr_error:
        row = Row(BANNER, "unknown", "not told", host=target.address)
        reason = truth.ptr_error or truth.probe_failure
        return Finding(row, Verdict.UNKNOWN, "The banner or the PTR could not be read.", (reason,))
    row = Row(BANNER, "warning", word, host=target.address)
    if _same(word, truth.ptr_names):
        if truth.forward_confirmed:
            row = Row(BANNER, "ok", word, host=target.address)
            why = "The banner begins with the very name of the address, and the name leads back to it."
            return Finding(row, Verdict.OK, why, told)
        if truth.forward_confirmed is None:
            row = Row(BANNER, "unknown", word, host=target.address)
            return Finding(row, Verdict.UNKNOWN, "Whether the name leads back could not be looked up.", told)
        why = f"The banner's name is the PTR of {target.address}, but does not lead back to it."
        todo = f"Add an address record for {word} that points to {target.address}."
        return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ZONE)
    if truth.ptr_in_greeting:
        why = (
            "The PTR stands somewhere in the banner, which contents testers; its first word is another name."
        )
        todo = "Let the banner begin with the PTR name (smtp_banner in WHM, Advanced Editor)."
        return Finding(row, Verdict.ADVISORY, why, told, todo, Owner.SERVER)
    if not truth.ptr_names:
        why = f"{target.address} has no name (PTR) that the banner could agree with."
        todo = f"Have the PTR of {target.address} set to {word or truth.hostname}."
        return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ADDRESS)
    why = "The banner gives another name than the PTR of the address."
    todo = f"Have the PTR of {target.address} set to {word}, or the server named after its PTR."
    return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ADDRESS)


def _files(one: Outgoing) -> Iterable[Finding]:
    if one.error:
        row = Row(FILES, "unknown", "not told", host=_who(one))
        verdict, todo = Verdict.UNKNOWN, ""
        if "no address" in one.error:
            row = Row(FILES, "error", "a line that cannot work", host=_who(one))
            verdict, todo = Verdict.PROBLEM, f"Mend the line in {one.address_source or '/etc/mailips'}."
        why = "How mail of these domains leaves the server could not be told."
        yield Finding(row, verdict, why, (one.error,), todo, Owner.SERVER if todo else None)
        return
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
    row = Row(HELO, "error", one.helo, host=_who(one))
    if not is_host_name(one.helo):
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
    if not forward.addresses:
        why = "The HELO name has no address; receivers that check refuse the mail."
        todo = f"Add an address record for {one.helo} that points to {one.address}."
        return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ZONE)
    if special_kind(one.address):
        return _behind_nat(HELO, one, told)
    if _same_family(one.address, forward.addresses):
        why = "The HELO name belongs to another address than the one the mail comes from."
        return Finding(row, Verdict.PROBLEM, why, told, _set_helo(one), Owner.SERVER)
    family = "AAAA" if ":" in one.address else "A"
    row = Row(HELO, "warning", one.helo, host=_who(one))
    why = f"The HELO name has no {family} record, so it does not lead to the address the mail comes from."
    todo = f"Add {family} {one.address} to {one.helo}."
    return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ZONE)


def _reverse(one: Outgoing) -> Finding:
    told = _told(one)
    reverse = one.reverse
    if special_kind(one.address):
        return _behind_nat(SENDING_ADDRESS, one, told)
    row = Row(SENDING_ADDRESS, "error", "none", host=one.address)
    if reverse is None or reverse.error:
        row = Row(SENDING_ADDRESS, "unknown", "not told", host=one.address)
        reason = reverse.error if reverse is not None else "it was not looked up"
        return Finding(row, Verdict.UNKNOWN, "The PTR could not be looked up.", (reason,))
    if not reverse.names:
        why = f"{one.address} has no name (PTR); large receivers refuse mail from such an address."
        todo = f"Have the PTR of {one.address} set to {one.helo}."
        return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ADDRESS)
    confirmed = [f.name for f in reverse.forwards if one.address in f.addresses]
    names = ", ".join(reverse.names)
    if not confirmed:
        if any(forward.error for forward in reverse.forwards):
            row = Row(SENDING_ADDRESS, "unknown", names, host=one.address)
            return Finding(row, Verdict.UNKNOWN, "The way back from the PTR could not be looked up.", told)
        row = Row(SENDING_ADDRESS, "error", names, host=one.address)
        why = f"The PTR does not lead back to {one.address}, so it counts for nothing."
        todo = f"Point {reverse.names[0]} at {one.address}, or have the PTR set to {one.helo}."
        return Finding(row, Verdict.PROBLEM, why, told, todo, Owner.ADDRESS)
    if len(reverse.names) > 1:
        row = Row(SENDING_ADDRESS, "warning", names, host=one.address)
        why = "The address has several names; receivers may look at any one of them."
        return Finding(row, Verdict.ADVISORY, why, told, f"Keep {confirmed[0]} alone.", Owner.ADDRESS)
    if not _same(one.helo, confirmed):
        row = Row(SENDING_ADDRESS, "warning", names, host=one.address)
        why = "The PTR is sound, but HELO gives another name; a few receivers want the same one."
        todo = f"Let HELO say {confirmed[0]}: see {one.helo_source}."
        return Finding(row, Verdict.ADVISORY, why, told, todo, Owner.SERVER)
    row = Row(SENDING_ADDRESS, "ok", names, host=one.address)
    return Finding(row, Verdict.OK, "Address, PTR and HELO name agree in both directions.", told)


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
    lines = [
        f"{_who(one)}: from {one.address}{inside} by {one.address_source}, HELO {one.helo} by {one.helo_source}"
    ]
    if one.forward is not None and not one.forward.error:
        lines.append(f"{one.helo}: {', '.join(one.forward.addresses) or 'no address'}")
    if one.reverse is not None and not one.reverse.error:
        lines.append(f"PTR of {one.address}: {', '.join(one.reverse.names) or 'none'}")
        lines += [
            f"{f.name}: {', '.join(f.addresses) or f.error or 'no address'}" for f in one.reverse.forwards
        ]
    return tuple(dict.fromkeys(lines))


def _who(one: Outgoing) -> str:
    shown = ["every other domain" if domain == "*" else domain for domain in one.domains]
    if shown == ["every other domain"] and one.domain_count == 1:
        return "every domain" if one.helo_source.startswith("Exim") else "every other domain"
    more = one.domain_count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _same(word: str, names: Iterable[str]) -> bool:
    return word.lower().rstrip(".") in {name.lower().rstrip(".") for name in names}


def _same_family(address: str, others: Iterable[str]) -> bool:
    return any((":" in other) == (":" in address) for other in others)
