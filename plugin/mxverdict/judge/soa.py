"""Judges MXToolbox's rows about the SOA record of a zone."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from mxverdict.evidence.zone import Soa
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.judge.serial import Serial, read_serial
from mxverdict.judge.zone_facts import ZoneFacts, listed_errors, listing, told
from mxverdict.testers.rows import RowWords, limits, load

_ANY_NUMBER = "Any 32-bit number is a valid serial (RFC 1982); YYYYMMDDnn is a habit"
_NO_MATTER = "Nothing looks at this name when mail is sent or a page is opened"
_NEVER_LOWER = (
    "Leave it; never lower it by hand, for secondary name servers ignore a smaller serial (RFC 1982)."
)


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


_REFRESH = "Refresh says how often secondary name servers look for a change"
_RETRY = "Retry says how soon secondary name servers try again after a failure"
_EXPIRE = "Expire says how long secondary name servers go on when the primary is gone"
_MINIMUM = "Minimum says how long resolvers remember that a name does not exist"


def _serials_match(facts: ZoneFacts) -> Finding:
    words = load("dns")["DNS SOA Serial Numbers Match"]
    serials = {server.soa.serial for server in facts.serving if server.soa}
    if not serials:
        return _unread(words, facts)
    lines = told(facts.serving)
    if len(serials) == 1:
        row = words.passes(facts.host, details=(str(serials.pop()),))
        return Finding(row, Verdict.OK, "All of them hold the same version of the zone.", lines)
    row = words.fails(facts.host, details=tuple(map(str, sorted(serials))))
    refresh = max(server.soa.refresh for server in facts.serving if server.soa)
    why = "The name servers hold different versions of the zone; a change may be on its way."
    todo = (
        f"Look again after {_span(refresh)}. If they still differ and the records do too, "
        "the transfer between the name servers is broken."
    )
    return Finding(row, Verdict.ADVISORY, why, lines, todo, facts.owner(facts.serving))


def _primary_listed(facts: ZoneFacts) -> Finding:
    words = load("dns")["DNS Primary Server Listed At Parent"]
    if not facts.soas:
        return _unread(words, facts)
    primary = facts.soas[0][1].primary
    delegation = facts.zone.delegation
    if delegation.found is None:
        why = "The zone above could not be asked which name servers it lists."
        row = words.unknown(facts.host, "could not be told")
        return Finding(row, Verdict.UNKNOWN, why, listed_errors(f"Primary: {primary}", delegation.error))
    lines = (f"Primary: {primary}", f"{delegation.parent} lists {listing(delegation.name_servers)}")
    if primary in delegation.name_servers:
        row = words.passes(facts.host)
        return Finding(row, Verdict.OK, "The primary is one of the listed name servers.", lines)
    row = words.fails(facts.host, details=(primary,))
    if facts.hosted_here:
        why = f"{_NO_MATTER}; here it is most likely out of date."
        todo = "Put the name of a listed name server into the SOA of the zone (WHM, DNS Zone Manager)."
        return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.ZONE)
    why = f"{_NO_MATTER}; providers hide their primary on purpose."
    return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)


def _serial_format(facts: ZoneFacts) -> Finding:
    words = load("dns")["DNS SOA Serial Number Format"]
    if not facts.soas:
        return _unread(words, facts)
    readings = [(server, soa, read_serial(soa.serial, facts.taken_at)) for server, soa in facts.soas]
    odd = [(server, soa, serial) for server, soa, serial in readings if serial.style != "date"]
    if not odd:
        lines = tuple(sorted({f"Serial {serial.number}" for _, _, serial in readings}))
        return Finding(words.passes(facts.host), Verdict.OK, "It reads as a date that has come.", lines)
    lines_by_number: dict[int, str] = {}
    for server, _, serial in odd:
        lines_by_number.setdefault(serial.number, _serial_line(server, serial))
    _, soa, serial = odd[0]
    row = words.fails(facts.host, details=tuple(lines_by_number.values()))
    return _odd_serial(facts, row, soa, serial)


def _odd_serial(facts: ZoneFacts, row: Row, soa: Soa, serial: Serial) -> Finding:
    lines = (f"Serial {serial.number}, primary {soa.primary}",)
    provider = _provider(soa.primary)
    if serial.style == "ahead" and serial.date is not None:
        hours = max(1, round((serial.begins - facts.taken_at) / 3600))
        why = (
            f"The serial is today's date ({serial.date}) east of MXToolbox, whose clock still shows the day "
            f"before; the warning goes by itself in about {hours} h."
        )
        return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)
    if provider:
        why = f"{_ANY_NUMBER}, and {provider} counts in another way."
        return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)
    reads = {
        "epoch": "this one counts the seconds since 1970",
        "counter": "this one is a plain counter",
        "future": f"this one reads like a date in {serial.year}",
    }.get(serial.style, "this one follows none")
    if serial.style == "future" and serial.date is not None:
        reads = f"this one reads as {serial.date}, which has not come yet"
    why = f"{_ANY_NUMBER}; {reads}."
    if facts.hosted_here:
        return Finding(row, Verdict.ADVISORY, f"{why} cPanel writes dates.", lines, _NEVER_LOWER, Owner.ZONE)
    return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)


def _serial_line(server: str, serial: Serial) -> str:
    text: str = limits("dns")["details"][serial.detail]
    return text.format(server=server, serial=serial.number, year=serial.year, date=serial.date)


def _provider(primary: str) -> str:
    """Title of a DNS provider that is known for its own style of serials."""
    known: list[dict[str, str]] = limits("dns")["providers"]["list"]
    return next((entry["title"] for entry in known if fnmatchcase(primary, entry["primary"])), "")


def _seconds(facts: ZoneFacts, field: str, row_name: str, meaning: str) -> Finding:
    """A row about one of the four spans of the SOA; `meaning` says what the span does."""
    words = load("dns")[row_name]
    if not facts.soas:
        return _unread(words, facts)
    limit: dict[str, Any] = limits("dns")[field]
    low, high = limit["low"], limit["high"]
    values = [(server, int(getattr(soa, field))) for server, soa in facts.soas]
    outside: dict[int, str] = {}
    for server, value in values:
        if not low <= value <= high:
            outside.setdefault(value, server)
    bounds = "estimated, the tester does not state them" if limit["estimated"] else "stated by the tester"
    lines = (
        *(f"{field} {value} ({_span(value)})" for value in sorted({value for _, value in values})),
        f"Range {low} to {high}: {bounds}",
    )
    if not outside:
        return Finding(words.passes(facts.host), Verdict.OK, "In the usual range.", lines)
    template: str = limits("dns")["details"][field]
    details = tuple(
        template.format(server=name, value=value, low=low, high=high) for value, name in outside.items()
    )
    return _odd_seconds(facts, words.fails(facts.host, details=details), field, meaning, lines)


def _odd_seconds(facts: ZoneFacts, row: Row, field: str, meaning: str, lines: tuple[str, ...]) -> Finding:
    soa = facts.soas[0][1]
    provider = _provider(soa.primary)
    harmless = f"{meaning}; mail and web do not depend on it."
    if facts.hosted_here:
        todo = f"Set {field} to {_suggestion(field)} in the zone and in WHM, Edit Zone Templates."
        if field == "expire" and soa.expire <= soa.refresh + soa.retry:
            why = "Secondary name servers drop the zone before they have tried twice to reach the primary."
            return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE_TEMPLATE)
        todo = f"Only for a clean report: {todo[0].lower()}{todo[1:]}"
        return Finding(row, Verdict.ADVISORY, harmless, lines, todo, Owner.ZONE_TEMPLATE)
    if provider and field != "minimum":
        why = f"{meaning}; {provider} copies its zones in another way, so the value does nothing."
        return Finding(row, Verdict.FALSE_POSITIVE, why, lines, "", Owner.NOBODY)
    todo = "Only the DNS provider can change it, and need not."
    return Finding(row, Verdict.ADVISORY, harmless, lines, todo, Owner.DNS_PROVIDER)


def _suggestion(field: str) -> int:
    """A value that is known to pass."""
    return {"refresh": 7200, "retry": 3600, "expire": 1209600, "minimum": 3600}[field]


def _unread(words: RowWords, facts: ZoneFacts) -> Finding:
    row = words.unknown(facts.host, "could not be told")
    why = "The SOA record could not be read from the name servers."
    errors = told(facts.servers) or ((facts.zone.resolver_error,) if facts.zone.resolver_error else ())
    return Finding(row, Verdict.UNKNOWN, why, errors)


def _span(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{seconds} s"
