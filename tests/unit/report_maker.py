"""Judged reports of domains made by hand, for tests of what shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mxverdict.findings import DomainReport, Finding, Owner, Row, Verdict
from mxverdict.testers.row_texts import load

DOMAIN = "shop.example"


def row(name: str, level: str, text: str, category: str = "dns", *details: str, host: str = DOMAIN) -> Row:
    rule = "blocklist.listed" if category == "blacklist" else load(category)[name].rule
    return Row(rule, name, level, text, category, host, details)


FINDINGS = (
    Finding(
        row("Blacklisted by Example List", "error", "Listed", "blacklist", host="203.0.113.10"),
        Verdict.PROBLEM,
        "203.0.113.10 is on the list, and the list answers its controls today.",
        ("203.0.113.10: 127.0.0.2", "control 127.0.0.2: listed", "control 127.0.0.1: not listed"),
        "Stop what it was listed for, then ask for removal at https://list.example/removal.",
        Owner.SERVER,
    ),
    Finding(
        row("SMTP TLS", "warning", "Warning - Does not support TLS.", "smtp", host="cp1.example.net"),
        Verdict.FALSE_POSITIVE,
        "STARTTLS works; the tester hung up after 15 s, before this server greeted it.",
        ("250-STARTTLS", "handshake: TLSv1.3, certificate trusted, name matches"),
    ),
    Finding(
        row(
            "DNS SOA Serial Number Format",
            "warning",
            "SOA Serial Number Format is Invalid",
            "dns",
            "ns1.example.net reported Serial 1 : Serial year was 0.",
        ),
        Verdict.FALSE_POSITIVE,
        "A serial is any number that grows (RFC 1982); its form is a custom.",
        ("ns1.example.net: serial 1",),
        owner=Owner.NOBODY,
    ),
    Finding(
        row(
            "DNS SOA Expire Value",
            "warning",
            "SOA Expire Value out of recommended range",
            "dns",
            "ns1.example.net reported Expire 604800 : Expire is recommended to be 1209600 at least.",
        ),
        Verdict.ADVISORY,
        "Secondary name servers give up after a week without the primary one; mail is not touched by it.",
        ("ns1.example.net: expire 604800",),
        "Raise it to 1209600 where the zone is edited, if you like.",
        Owner.ZONE_TEMPLATE,
    ),
    Finding(
        row("DNS Open Recursive Name Server", "unknown", "could not be told"),
        Verdict.UNKNOWN,
        "ns2.example.net did not answer within 5 s.",
        ("ns2.example.net, 192.0.2.53: timed out",),
    ),
    Finding(
        row("SMTP Open Relay", "ok", "OK - Not an open relay.", "smtp", host="cp1.example.net"),
        Verdict.NOT_RUN,
        "The tester hung up before it came to this.",
    ),
    Finding(row("SPF Record Published", "ok", "SPF Record found", "spf"), Verdict.OK, "v=spf1 mx -all"),
    Finding(row("DMARC Record Published", "ok", "DMARC Record found", "dmarc"), Verdict.OK, "v=DMARC1"),
)

SUMMARY = "MXToolbox will report 4 problems about shop.example. One of them is real."


def domain_report(**changes: Any) -> DomainReport:
    """One finding of every verdict, two false alarms and two passes."""
    return replace(DomainReport(DOMAIN, SUMMARY, FINDINGS), **changes)
