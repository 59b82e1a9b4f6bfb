"""Judges MXToolbox's rows about the SOA record of a zone."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from mxverdict.evidence.zone import Soa
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, decimal
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.soa_serial import Serial, read_serial
from mxverdict.judge.domain.zone_facts import ZoneFacts, answer_lines, listed_errors
from mxverdict.judge.listing import listing
from mxverdict.testers.row_texts import RowTexts, limits, load

_NEVER_LOWER = N_(
    "Leave it; never lower it by hand, for secondary name servers ignore a smaller serial (RFC 1982)."
)


_READS = {
    "epoch": N_(
        "Any 32-bit number is a valid serial (RFC 1982); YYYYMMDDnn is a habit; this one counts the seconds "
        "since 1970."
    ),
    "counter": N_(
        "Any 32-bit number is a valid serial (RFC 1982); YYYYMMDDnn is a habit; this one is a plain counter."
    ),
    "future": N_(
        "Any 32-bit number is a valid serial (RFC 1982); YYYYMMDDnn is a habit; this one reads like a date "
        "in {year}."
    ),
    "dated": N_(
        "Any 32-bit number is a valid serial (RFC 1982); YYYYMMDDnn is a habit; this one reads as {date}, "
        "which has not come yet."
    ),
    "other": N_(
        "Any 32-bit number is a valid serial (RFC 1982); YYYYMMDDnn is a habit; this one follows none."
    ),
}
"""By the style of a serial; `dated` is a future one that reads as a day."""


def judge_soa(facts: ZoneFacts) -> list[Finding]:
    return [
        _serials_match(facts),
        _primary_listed(facts),
        _serial_format(facts),
        _seconds(facts, "refresh", "DNS SOA Refresh Value", _REFRESH),
        _seconds(facts, "retry", "DNS SOA Retry Value", _RETRY),
        _seconds(facts, "expire", "DNS SOA Expire Value", _EXPIRE),
        _seconds(facts, "minimum", "DNS SOA NXDOMAIN Value", _MINIMUM),
    ]


_REFRESH = N_("Refresh says how often secondary name servers look for a change")
_RETRY = N_("Retry says how soon secondary name servers try again after a failure")
_EXPIRE = N_("Expire says how long secondary name servers go on when the primary is gone")
_MINIMUM = N_("Minimum says how long resolvers remember that a name does not exist")


def _serials_match(facts: ZoneFacts) -> Finding:
    texts = load("dns")["DNS SOA Serial Numbers Match"]
    serials = {server.soa.serial for server in facts.authoritative if server.soa}
    if not serials:
        return _not_read(texts, facts)
    lines = answer_lines(facts.authoritative)
    if len(serials) == 1:
        row = texts.passes(facts.host, details=(str(serials.pop()),))
        return Finding(row, Verdict.OK, _("All of them hold the same version of the zone."), lines)
    row = texts.fails(facts.host, details=tuple(map(str, sorted(serials))))
    refresh = max(server.soa.refresh for server in facts.authoritative if server.soa)
    why = _("The name servers hold different versions of the zone; a change may be on its way.")
    todo = _(
        "Look again after {span}. If they still differ and the records do too, "
        "the transfer between the name servers is broken."
    ).format(span=_span(refresh))
    return Finding(row, Verdict.ADVISORY, why, lines, todo, facts.owner(facts.authoritative))


def _primary_listed(facts: ZoneFacts) -> Finding:
    texts = load("dns")["DNS Primary Server Listed At Parent"]
    if not facts.soas:
        return _not_read(texts, facts)
    primary = facts.soas[0][1].primary
    delegation = facts.zone.delegation
    if delegation.found is None:
        why = _("The zone above could not be asked which name servers it lists.")
        row = texts.unknown(facts.host, _("could not be told"))
        return Finding(
            row,
            Verdict.UNKNOWN,
            why,
            listed_errors(_("Primary: {primary}").format(primary=primary), translate(delegation.error)),
        )
    lines = (
        _("Primary: {primary}").format(primary=primary),
        _("{parent} lists {names}").format(parent=delegation.parent, names=listing(delegation.name_servers)),
    )
    if primary in delegation.name_servers:
        row = texts.passes(facts.host)
        return Finding(row, Verdict.OK, _("The primary is one of the listed name servers."), lines)
    row = texts.fails(facts.host, details=(primary,))
    if facts.hosted_here:
        why = _(
            "Nothing looks at this name when mail is sent or a page is opened; here it is most likely out of "
            "date."
        )
        todo = _("Put the name of a listed name server into the SOA of the zone (WHM, DNS Zone Manager).")
        return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.ZONE)
    why = _(
        "Nothing looks at this name when mail is sent or a page is opened; providers hide their primary on "
        "purpose."
    )
    return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)


def _serial_format(facts: ZoneFacts) -> Finding:
    texts = load("dns")["DNS SOA Serial Number Format"]
    if not facts.soas:
        return _not_read(texts, facts)
    readings = [(server, soa, read_serial(soa.serial, facts.taken_at)) for server, soa in facts.soas]
    odd = [(server, soa, serial) for server, soa, serial in readings if serial.style != "date"]
    if not odd:
        numbers = sorted({serial.number for server, soa, serial in readings})
        lines = tuple(_("Serial {number}").format(number=number) for number in numbers)
        return Finding(texts.passes(facts.host), Verdict.OK, _("It reads as a date that has come."), lines)
    lines_by_number: dict[int, str] = {}
    for server, _soa, serial in odd:
        lines_by_number.setdefault(serial.number, _serial_line(server, serial))
    soa, serial = odd[0][1:]
    row = texts.fails(facts.host, details=tuple(lines_by_number.values()))
    return _odd_serial(facts, row, soa, serial)


def _odd_serial(facts: ZoneFacts, row: Row, soa: Soa, serial: Serial) -> Finding:
    lines = (_("Serial {number}, primary {primary}").format(number=serial.number, primary=soa.primary),)
    provider = _provider(soa.primary)
    if serial.style == "ahead" and serial.date is not None:
        hours = max(1, round((serial.begins - facts.taken_at) / 3600))
        why = _(
            "The serial is today's date ({date}) east of MXToolbox, whose clock still shows the day "
            "before; the warning goes by itself in about {hours} h."
        ).format(date=serial.date, hours=hours)
        return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)
    if provider:
        why = _(
            "Any 32-bit number is a valid serial (RFC 1982); YYYYMMDDnn is a habit, and {provider} counts in "
            "another way."
        ).format(provider=provider)
        return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)
    style = "dated" if serial.style == "future" and serial.date is not None else serial.style
    why = _(_READS.get(style, _READS["other"])).format(year=serial.year, date=serial.date)
    if facts.hosted_here:
        dates = _("cPanel writes dates.")
        why = f"{why} {dates}"
        return Finding(row, Verdict.ADVISORY, why, lines, _(_NEVER_LOWER), Owner.ZONE)
    return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)


def _serial_line(server: str, serial: Serial) -> str:
    text: str = limits("dns")["details"][serial.detail]
    return text.format(server=server, serial=serial.number, year=serial.year, date=serial.date)


def _provider(primary: str) -> str:
    """Return the title of a DNS provider that is known for its own style of serials."""
    known: list[dict[str, str]] = limits("dns")["providers"]["list"]
    return next((entry["title"] for entry in known if fnmatchcase(primary, entry["primary"])), "")


def _seconds(facts: ZoneFacts, field: str, row_name: str, meaning: str) -> Finding:
    """Judge a row about one of the four spans of the SOA; `meaning` says what the span does."""
    texts = load("dns")[row_name]
    if not facts.soas:
        return _not_read(texts, facts)
    limit: dict[str, Any] = limits("dns")[field]
    low, high = limit["low"], limit["high"]
    values = [(server, int(getattr(soa, field))) for server, soa in facts.soas]
    outside: dict[int, str] = {}
    for server, value in values:
        if not low <= value <= high:
            outside.setdefault(value, server)
    bounds = (
        _("Range {low} to {high}: estimated, the tester does not state them")
        if limit["estimated"]
        else _("Range {low} to {high}: stated by the tester")
    )
    lines = (
        *(f"{field} {value} ({_span(value)})" for value in sorted({value for name, value in values})),
        bounds.format(low=low, high=high),
    )
    if not outside:
        return Finding(texts.passes(facts.host), Verdict.OK, _("In the usual range."), lines)
    template: str = limits("dns")["details"][field]
    details = tuple(
        template.format(server=name, value=value, low=low, high=high) for value, name in outside.items()
    )
    return _odd_seconds(facts, texts.fails(facts.host, details=details), field, meaning, lines)


def _odd_seconds(facts: ZoneFacts, row: Row, field: str, meaning: str, lines: tuple[str, ...]) -> Finding:
    soa = facts.soas[0][1]
    provider = _provider(soa.primary)
    harmless = _("{meaning}; mail and web do not depend on it.").format(meaning=_(meaning))
    if facts.hosted_here:
        if field == "expire" and soa.expire <= soa.refresh + soa.retry:
            why = _("Secondary name servers drop the zone before they have tried twice to reach the primary.")
            todo = _("Set {field} to {seconds} in the zone and in WHM, Edit Zone Templates.")
            todo = todo.format(field=field, seconds=_suggestion(field))
            return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE_TEMPLATE)
        todo = _(
            "Only for a clean report: set {field} to {seconds} in the zone and in WHM, Edit Zone Templates."
        ).format(field=field, seconds=_suggestion(field))
        return Finding(row, Verdict.ADVISORY, harmless, lines, todo, Owner.ZONE_TEMPLATE)
    if provider and field != "minimum":
        why = _("{meaning}; {provider} copies its zones in another way, so the value does nothing.").format(
            meaning=_(meaning), provider=provider
        )
        return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)
    todo = _("Only the DNS provider can change it, and need not.")
    return Finding(row, Verdict.ADVISORY, harmless, lines, todo, Owner.DNS_PROVIDER)


def _suggestion(field: str) -> int:
    """Return a value that is known to pass."""
    return {"refresh": 7200, "retry": 3600, "expire": 1209600, "minimum": 3600}[field]


def _not_read(texts: RowTexts, facts: ZoneFacts) -> Finding:
    row = texts.unknown(facts.host, _("could not be told"))
    why = _("The SOA record could not be read from the name servers.")
    errors = answer_lines(facts.servers) or listed_errors(translate(facts.zone.resolver_error))
    return Finding(row, Verdict.UNKNOWN, why, errors)


def _span(seconds: int) -> str:
    spans = ((86400, _("{number} d")), (3600, _("{number} h")), (60, _("{number} min")))
    for size, span in spans:
        if seconds >= size:
            number = round(seconds / size, 1)
            return span.format(number=decimal(number, 0 if number.is_integer() else 1))
    return _("{number} s").format(number=seconds)
