"""Reasons within messages that are kept are still translated when they are shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxverdict.collect import mail_route, resolver, zone
from mxverdict.collect.authoritative_dns import DnsReply
from mxverdict.collect.mainlog.traffic import read_traffic, store_path
from mxverdict.collect.resolver import LookupResult
from mxverdict.collect.server import read_server
from mxverdict.collect.smtp_client import SmtpError
from mxverdict.collect.smtp_probe import tls_error_text
from mxverdict.errors import WhmError
from mxverdict.host import Host
from mxverdict.i18n.message import Message, translate
from tests.spoken import speaking

REASON = "no answer in time"
GERMAN = {
    REASON: "keine Antwort in der Zeit",
    "its format is {kept}, not {known}": "Format {kept} statt {known}",
}


@pytest.fixture(autouse=True)
def german(tmp_path: Path) -> Iterator[None]:
    with speaking(tmp_path / "locale", GERMAN):
        yield


def deadline() -> float:
    return time.monotonic() + 5


def test_why_a_handshake_failed() -> None:
    assert translate(tls_error_text(SmtpError("tls", Message(REASON)))) == GERMAN[REASON]


def test_why_a_name_has_no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(name: str, kind: str, _: float) -> LookupResult:
        return LookupResult((), name) if kind == "MX" else LookupResult((), name, error=Message(REASON))

    monkeypatch.setattr(mail_route, "lookup", lookup)
    (route,) = mail_route.find_routes(["example"], deadline())
    assert translate(route.error) == f"{GERMAN[REASON]}; {GERMAN[REASON]}"
    monkeypatch.setattr(resolver, "lookup", lookup)
    (reverse,) = resolver.reverse_all(["192.0.2.1"], deadline())
    assert translate(reverse.error) == GERMAN[REASON]


def test_why_no_server_of_the_parent_zone_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    apexes = {"SOA": "a. b. 1 2 3 4 5", "NS": "ns.example.", "A": "192.0.2.1"}

    def lookup(name: str, kind: str, _: float) -> LookupResult:
        records = (apexes[kind],) if kind in apexes else ()
        return LookupResult(records, name.rstrip("."))

    monkeypatch.setattr(resolver, "lookup", lookup)
    monkeypatch.setattr(zone, "ask", lambda *_, **__: DnsReply(failure="timeout", error=Message(REASON)))
    found = zone.read_zone("some.example", deadline())
    assert translate(found.delegation.error) == f"ns.example (192.0.2.1): {GERMAN[REASON]}"


def test_why_whm_told_nothing(tmp_path: Path) -> None:
    class Silent:
        def batch(self, *_: object) -> None:
            raise WhmError(Message(REASON))

    settings = read_server(Host(tmp_path), Silent()).settings  # type: ignore[arg-type]
    assert translate(settings.error) == GERMAN[REASON]


def test_why_traffic_was_counted_again(tmp_path: Path) -> None:
    import sqlite3

    host = Host(tmp_path)
    host.exim_mainlog.parent.mkdir(parents=True)
    host.exim_mainlog.write_bytes(b"")
    read_traffic(host, time.time() - 60, time.time())
    db = sqlite3.connect(store_path(host))
    db.execute("PRAGMA user_version = 9")
    db.close()
    (remark,) = read_traffic(host, time.time() - 60, time.time()).remarks
    assert "Format 9 statt 2" in translate(remark)
