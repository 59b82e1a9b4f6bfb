"""Evidence of every kind, judged: what the rules are tested with, in any language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mxverdict.evidence import DelayState, Evidence, Forward, Reply, Tls
from mxverdict.evidence.blocklist import CLEAN_ENTRY, LISTED_ENTRY, BlocklistEvidence, ListAnswer
from mxverdict.evidence.decode import decode
from mxverdict.evidence.mail_route import HostGreeting, MailHost, MailRoute, RecipientAnswer, Routing
from mxverdict.evidence.outbound import OutboundEvidence
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.evidence.traffic import Traffic
from mxverdict.findings import Finding
from mxverdict.judge.domain.blocklist import judge_blocklists
from mxverdict.judge.domain.mx import judge_mail_route
from mxverdict.judge.engine import judge
from mxverdict.judge.log.delay_impact import judge_delay_cost
from mxverdict.judge.log.refused_senders import judge_refused_senders
from mxverdict.judge.outbound.report import judge_outbound
from mxverdict.judge.server.sender_identity import judge_outgoing
from mxverdict.testers import UNKNOWN_HOSTS, load
from tests.table import dns_rows
from tests.unit import policy_cases, root_secrets
from tests.unit.evidence_maker import EHLO, HOSTNAME, SERVER, evidence, preview, probe, reverse
from tests.unit.outbound_maker import climb, ladder, receivers

TABLES = Path(__file__).parents[1] / "tables"
KNOWN = load()
LIST = "zen.spamhaus.org"
REMOTE = "198.51.100.20"
Judged = Callable[[], Sequence[Finding]]


def cases() -> Iterator[tuple[str, Judged]]:
    """Yield names, and what judges the case of that name."""
    yield from _servers()
    for name, zone in dns_rows.zones(dns_rows.OURS).items():
        yield f"zone {name}", partial(dns_rows.findings_of, zone)
    for table in ("spf", "dmarc"):
        for case in policy_cases.cases(table):
            yield f"{table} {case}", partial(case.findings, policy_cases.policy_of(case))
    for name, listed in _blocklists().items():
        yield f"blocklists {name}", partial(judge_blocklists, listed)
    for name, (route, greetings, routing) in _mail_routes().items():
        yield f"route {name}", partial(judge_mail_route, route, greetings, frozenset({SERVER}), routing)
    for name, one in _outgoing().items():
        yield f"outgoing {name}", partial(judge_outgoing, one)
    for name, outbound in _outbound().items():
        yield f"outbound {name}", partial(lambda given: judge_outbound(given).findings, outbound)
    for traffic_case in json.loads((TABLES / "traffic_judged.json").read_text(encoding="utf-8"))["cases"]:
        made = traffic(traffic_case["traffic"])
        yield f"log {traffic_case['name']}", partial(judge_refused_senders, made)
        yield f"delay {traffic_case['name']}", partial(judge_delay_cost, made)


def traffic(changes: dict[str, Any]) -> Traffic:
    """The traffic of a case in traffic_judged.json."""
    defaults = json.loads((TABLES / "traffic_judged.json").read_text(encoding="utf-8"))["defaults"]
    lists = {
        name: [{**defaults[kind], **one} for one in changes.get(name, ())]
        for name, kind in (("waiting", "sender"), ("giving_up", "sender"), ("refused", "refused"))
    }
    found = decode(Traffic, {**defaults["traffic"], **changes, **lists}, "traffic")
    assert isinstance(found, Traffic)
    return found


def _servers() -> Iterator[tuple[str, Judged]]:
    untrusted = Tls(True, "TLSv1.3", False, False, ("other.example",), problem="self-signed")
    worlds: dict[str, dict[str, Any]] = {
        "delayed": {},
        "prompt": {"previews": (preview(),)},
        "slow": {"previews": (preview(connect=6),)},
        "refused": {"previews": (preview(replies={"connect": Reply(550, ("go away",))}),)},
        "relaying": {"previews": (preview(replies={"rcpt": Reply(250, ("accepted",))}),)},
        "without TLS": {"probes": (probe(ehlo=Reply(250, EHLO.lines[:2])),)},
        "untrusted": {"previews": (preview(),), "probes": (probe(tls=untrusted),)},
        "silent": {"probes": (probe(failure="hung up"),)},
        "without PTR": {"reverse_dns": (reverse(),)},
        "unconfirmed": {"reverse_dns": (reverse(HOSTNAME, back=False),)},
        "PTR unknown": {"reverse_dns": (reverse(error="timed out"),)},
        "broken": {"previews": (preview(failure="broken", stages=1),)},
        "crashed": {"previews": (preview(failure="crashed", stages=1),)},
        "not understood": {"previews": (preview(failure="not_understood", stages=1),)},
        "setting unknown": {"settings": DelayState(None, None)},
        "off": {"settings": DelayState(False, 0)},
        "everything": vars(root_secrets.rich()),
    }
    for name, changes in worlds.items():
        yield f"server {name}", partial(_report, evidence(**changes), "mxtoolbox")
    for tester in KNOWN.testers:
        if not tester.addresses:
            for delay in (0, 100):
                seen = preview(connect=delay, tester=tester, address=UNKNOWN_HOSTS[4])
                given = evidence(previews=(seen,))
                yield f"{tester.name}, {delay} s", partial(_report, given, tester.name)


def _report(given: Evidence, tester: str) -> Sequence[Finding]:
    return judge(given, (KNOWN.tester(tester),), KNOWN.senders).findings


def _blocklists() -> dict[str, BlocklistEvidence]:
    controls = (ListAnswer(LIST, LISTED_ENTRY, codes=("127.0.0.2",)), ListAnswer(LIST, CLEAN_ENTRY))
    sound = BlocklistEvidence(("192.0.2.53",), (SERVER,), (ListAnswer(LIST, SERVER),), controls)
    return {
        "clean": sound,
        "listed": replace(sound, answers=(ListAnswer(LIST, SERVER, codes=("127.0.0.2",)),)),
        "refused": replace(sound, answers=(ListAnswer(LIST, SERVER, codes=("127.255.255.254",)),)),
        "out of order": replace(sound, controls=(ListAnswer(LIST, LISTED_ENTRY), controls[1])),
        "silent": replace(sound, answers=(ListAnswer(LIST, SERVER, error="timed out"),)),
        "private": replace(sound, not_asked=("10.0.0.10",)),
    }


def _mail_routes() -> dict[str, tuple[MailRoute, tuple[HostGreeting, ...], Routing]]:
    def host(name: str, *addresses: str, **changes: Any) -> MailHost:
        return replace(MailHost(name, 10, name, False, True, addresses), **changes)

    def route(*hosts: MailHost, kind: str = "mx") -> MailRoute:
        records = tuple(f"{one.preference} {one.name}" for one in hosts)
        return MailRoute("shop.example", kind, "shop.example", records, hosts)

    routing = Routing("shop.example", True, False, False, "")
    remote = host("mx.example", REMOTE)
    greeted = HostGreeting(
        REMOTE,
        "greeted",
        replace(probe(), address=REMOTE),
        (
            RecipientAnswer("shop.example", "postmaster@shop.example", Reply(250, ("OK",)), 0.1, ""),
            RecipientAnswer("", f"postmaster@{HOSTNAME}", Reply(550, ("5.7.1 Relaying denied",)), 0.1),
        ),
        30.0,
    )
    routes = {
        "here": route(host("mx.example", SERVER)),
        "elsewhere": route(remote),
        "null": route(kind="null"),
        "missing": route(kind="missing"),
        "unknown": route(kind="unknown"),
        "without address": route(host("mx.example")),
        "with an address for a name": route(host("192.0.2.7", literal=True)),
        "by an alias": route(replace(remote, canonical="real.example")),
        "no host name": route(host("mx_1.example", REMOTE)),
        "private": route(host("mx.example", "10.0.0.9")),
        "twice": route(remote, replace(remote, preference=20)),
        "one machine": route(remote, host("mx2.example", REMOTE, preference=20)),
        "shared": route(remote, host("here.example", SERVER)),
        "many addresses": route(host("mx.example", REMOTE, "198.51.100.21", left_out=1)),
    }
    return {name: (one, (greeted,), routing) for name, one in routes.items()}


def _outgoing() -> dict[str, Outgoing]:
    good = Outgoing(
        domains=("*",),
        local_address=SERVER,
        address=SERVER,
        address_source="the kernel's choice",
        helo=HOSTNAME,
        helo_source="Exim's primary_hostname",
        forward=Forward(HOSTNAME, (SERVER,)),
        reverse=reverse(HOSTNAME),
    )
    return {
        "good": good,
        "not here": replace(good, here=False),
        "not kept": replace(good, kept=False),
        "unknown": replace(good, error="no such file"),
        "behind NAT": replace(good, address="10.0.0.10", local_address="10.0.0.10"),
    }


def _outbound() -> dict[str, OutboundEvidence]:
    refused = climb("reply", "connect", Reply(554, ("5.7.1 your address is on our list",)))
    accepted = climb(tls=Tls(False, problem="alert"))
    given = ladder(climb())
    assert given.route is not None
    bare = MailHost("bare.example", 20, "bare.example", False, True, ())
    return {
        "accepted": ladder(accepted, receivers=receivers(climb(), refused)),
        "callback": ladder(climb(), purpose="callback"),
        "sent": ladder(climb(), send=True, delivery=climb()),
        "host without address": replace(given, route=replace(given.route, hosts=(*given.route.hosts, bare))),
    }
