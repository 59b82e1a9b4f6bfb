"""Judges how mail leaves this server: source address, HELO name, PTR.

Receivers compare the three (RFC 5321 section 4.1.4; RFC 1912 section 2.1; "iprev" in RFC 8601 section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mxverdict.evidence import Forward, ReverseDns
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.listing import listing
from mxverdict.judge.smtp.ground_truth import dangling, is_host_name
from mxverdict.net.special_ranges import special_purpose_kind

HELO = N_("HELO name of outgoing mail")
SENDING_ADDRESS = N_("PTR of the sending address")
FILES = N_("Outgoing mail set-up")
_SHOWN = 5


def judge_outgoing(one: Outgoing) -> tuple[Finding, ...]:
    """Judge one combination of source address and HELO name."""
    found = list(_files(one))
    if one.address and one.here and not one.error:
        found += [_helo(one), _reverse(one)]
    return tuple(found)


def _files(one: Outgoing) -> Iterable[Finding]:
    if one.error:
        row = Row("outgoing.address", FILES, "unknown", _("not told"), host=_who(one))
        why = _("How mail of these domains leaves the server could not be told.")
        yield Finding(row, Verdict.UNKNOWN, why, (translate(one.error),))
        return
    source = translate(one.address_source)
    if one.wrong:
        yield Finding(
            Row(
                "outgoing.address",
                FILES,
                "error",
                _("{word} is no address").format(word=one.wrong),
                host=_who(one),
            ),
            Verdict.PROBLEM,
            _("Exim cannot send from what is no address; the mail of these domains waits and comes back."),
            (_("{file} for {domains}: {word}").format(file=source, domains=_who(one), word=one.wrong),),
            _("Mend the line in {file}; several addresses are parted by semicolons.").format(file=source),
            Owner.SERVER,
        )
    if not one.here:
        gives = (
            _("{file} gives {address} (a private one) for {domains}")
            if special_purpose_kind(one.local_address)
            else _("{file} gives {address} for {domains}")
        )
        text = _("{address} is not on this server").format(address=one.local_address)
        yield Finding(
            Row("outgoing.address", FILES, "error", text, host=_who(one)),
            Verdict.PROBLEM,
            _(
                "Exim cannot send from an address that the server does not have; the mail waits and comes "
                "back."
            ),
            (gives.format(file=source, address=one.local_address, domains=_who(one)),),
            _("Write an address of this server into {file}; behind NAT the inside one.").format(file=source),
            Owner.SERVER,
        )
    if not one.kept:
        yield Finding(
            Row("outgoing.persistence", FILES, "warning", _("will be overwritten"), host=_who(one)),
            Verdict.ADVISORY,
            _("The lines work now, but cPanel overwrites them at its next updateuserdomains."),
            (
                _("{domains}: HELO from {helo_source}, address from {address_source}").format(
                    domains=_who(one), helo_source=translate(one.helo_source), address_source=source
                ),
            ),
            _(
                "In WHM, Exim Configuration Manager, Domains and IPs, switch on the settings that refer to "
                "/etc/mailhelo and /etc/mailips."
            ),
            Owner.SERVER,
        )


def _helo(one: Outgoing) -> Finding:
    lines = _lines(one)
    forward = one.forward
    if not is_host_name(one.helo):
        row = Row("outgoing.helo", HELO, "error", one.helo, host=_who(one))
        why = _("HELO must give a full host name (RFC 5321, 4.1.1.1); many receivers refuse this.")
        return Finding(row, Verdict.PROBLEM, why, lines, _set_helo(one), Owner.SERVER)
    if forward is None or (forward.error and one.address not in forward.addresses):
        row = Row("outgoing.helo", HELO, "unknown", one.helo, host=_who(one))
        reason = translate(forward.error) if forward is not None else _("it was not looked up")
        why = _("The addresses of the HELO name could not be looked up.")
        return Finding(row, Verdict.UNKNOWN, why, (reason,))
    if one.address in forward.addresses:
        row = Row("outgoing.helo", HELO, "ok", one.helo, host=_who(one))
        why = _("The name leads to the address that the mail comes from.")
        return Finding(row, Verdict.OK, why, lines)
    if special_purpose_kind(one.address) and forward.addresses:
        return _behind_nat("outgoing.helo", HELO, one, lines)
    return _helo_elsewhere(one, forward, lines)


def _helo_elsewhere(one: Outgoing, forward: Forward, lines: tuple[str, ...]) -> Finding:
    row = Row("outgoing.helo", HELO, "error", one.helo, host=_who(one))
    if any((":" in address) == (":" in one.address) for address in forward.addresses):
        why = _("The HELO name belongs to another address than the one the mail comes from.")
        return Finding(row, Verdict.PROBLEM, why, lines, _set_helo(one), Owner.SERVER)
    why = _("The HELO name has no address; receivers that check refuse the mail.")
    if forward.addresses:
        why = _(
            "The HELO name has no {family} record, so it does not lead to the address the mail comes from."
        ).format(family="AAAA" if ":" in one.address else "A")
    todo = _("Add an address record for {name} that points to {address}.")
    todo = todo.format(name=one.helo, address=one.address)
    return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE)


def _reverse(one: Outgoing) -> Finding:
    reverse = one.reverse
    if special_purpose_kind(one.address):
        return _behind_nat("outgoing.ptr", SENDING_ADDRESS, one, _lines(one))
    if reverse is None or reverse.error:
        row = Row("outgoing.ptr", SENDING_ADDRESS, "unknown", _("not told"), host=one.address)
        reason = translate(reverse.error) if reverse is not None else _("it was not looked up")
        return Finding(row, Verdict.UNKNOWN, _("The PTR could not be looked up."), (reason,))
    if not reverse.names:
        row = Row("outgoing.ptr", SENDING_ADDRESS, "error", _("none"), host=one.address)
        why = _("{address} has no name (PTR); large receivers refuse mail from such an address.")
        why = why.format(address=one.address)
        todo = _("Have the PTR of {address} set to {name}.").format(address=one.address, name=one.helo)
        return Finding(row, Verdict.PROBLEM, why, _lines(one), todo, Owner.ADDRESS)
    confirmed = [f.name for f in reverse.forwards if one.address in f.addresses]
    return _confirmed(one, reverse, confirmed) if confirmed else _unconfirmed(one, reverse)


def _unconfirmed(one: Outgoing, reverse: ReverseDns) -> Finding:
    names = ", ".join(reverse.names)
    if any(forward.error for forward in reverse.forwards):
        row = Row("outgoing.ptr", SENDING_ADDRESS, "unknown", names, host=one.address)
        why = _("The way back from the PTR could not be looked up.")
        return Finding(row, Verdict.UNKNOWN, why, _lines(one))
    row = Row("outgoing.ptr", SENDING_ADDRESS, "error", names, host=one.address)
    why = _("The PTR does not lead back to {address}, so it counts for nothing.").format(address=one.address)
    if set(dangling(reverse)) == set(reverse.names):
        why = _("The PTR {names} does not resolve: it has no address, so it counts for nothing.")
        why = why.format(names=names)
    todo = _("Point {name} at {address}, or have the PTR set to {helo}.").format(
        name=reverse.names[0], address=one.address, helo=one.helo
    )
    return Finding(row, Verdict.PROBLEM, why, _lines(one), todo, Owner.ADDRESS)


def _confirmed(one: Outgoing, reverse: ReverseDns, confirmed: Sequence[str]) -> Finding:
    names = ", ".join(reverse.names)
    row = Row("outgoing.ptr", SENDING_ADDRESS, "warning", names, host=one.address)
    if len(reverse.names) > 1:
        why = _("The address has several names; receivers may look at any one of them.")
        todo = _("Keep {name} alone.").format(name=confirmed[0])
        return Finding(row, Verdict.ADVISORY, why, _lines(one), todo, Owner.ADDRESS)
    if one.helo.lower().rstrip(".") != confirmed[0].lower():
        why = _("The PTR is sound, but HELO gives another name; a few receivers want the same one.")
        todo = _("Let HELO say {name}: see {source}.")
        todo = todo.format(name=confirmed[0], source=translate(one.helo_source))
        return Finding(row, Verdict.ADVISORY, why, _lines(one), todo, Owner.SERVER)
    row = Row("outgoing.ptr", SENDING_ADDRESS, "ok", names, host=one.address)
    why = _("Address, PTR and HELO name agree in both directions.")
    return Finding(row, Verdict.OK, why, _lines(one))


def _behind_nat(rule: str, name: str, one: Outgoing, lines: tuple[str, ...]) -> Finding:
    text = _("{address} is not what the world sees").format(address=one.address)
    row = Row(rule, name, "unknown", text, host=_who(one))
    why = _("Mail leaves from a private address, and cPanel knows no public one for it (NAT).")
    todo = _("Let cPanel find the public address: {command}.")
    todo = todo.format(command="/usr/local/cpanel/scripts/build_cpnat")
    return Finding(row, Verdict.UNKNOWN, why, lines, todo, Owner.SERVER)


def _set_helo(one: Outgoing) -> str:
    back = one.reverse.forwards if one.reverse is not None else ()
    better = next((f.name for f in back if one.address in f.addresses), "")
    return _(
        "Let HELO say {name}: in WHM, Exim Configuration Manager, Domains and IPs, use the reverse DNS entry "
        "for HELO, or write it into /etc/mailhelo."
    ).format(name=better or _("the PTR name of the address"))


def _lines(one: Outgoing) -> tuple[str, ...]:
    leaves = (
        _("{domains}: from {address} by {address_source}, HELO {helo} by {helo_source}")
        if one.local_address == one.address
        else _("{domains}: from {address} ({local} inside) by {address_source}, HELO {helo} by {helo_source}")
    )
    lines = [
        leaves.format(
            domains=_who(one),
            address=one.address,
            local=one.local_address,
            address_source=translate(one.address_source),
            helo=one.helo,
            helo_source=translate(one.helo_source),
        )
    ]
    none = _("no address")
    if one.forward is not None and not one.forward.error:
        lines.append(f"{one.helo}: {', '.join(one.forward.addresses) or none}")
    if one.reverse is not None and not one.reverse.error:
        names = ", ".join(one.reverse.names) or _("none")
        lines.append(_("PTR of {address}: {names}").format(address=one.address, names=names))
        lines += [
            f"{f.name}: {', '.join(f.addresses) or translate(f.error) or none}" for f in one.reverse.forwards
        ]
    return tuple(dict.fromkeys(lines))


def _who(one: Outgoing) -> str:
    names = [_("mail in general") if domain == "*" else domain for domain in one.domains]
    return listing(names, _SHOWN)
