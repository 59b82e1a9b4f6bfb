"""Evidence of a domain with something for every category of rows."""

from __future__ import annotations

from typing import Any

from mxverdict.evidence import Domain, Evidence, RequestedTarget, Target
from mxverdict.evidence.blocklist import CLEAN_ENTRY, LISTED_ENTRY, BlocklistEvidence, ListAnswer
from mxverdict.evidence.mail_route import MailHost, MailRoute, Routing
from mxverdict.evidence.policy import DnsAnswer, Policy
from tests.unit import evidence_maker, zone_maker
from tests.unit.evidence_maker import SERVER, evidence

NAME = "good.test"
HOST = "mx.good.test"
LIST = "zen.spamhaus.org"
ROUTE = MailRoute(
    NAME,
    "mx",
    NAME,
    records=(f"10 {HOST}",),
    hosts=(MailHost(HOST, 10, HOST, False, True, (SERVER,)),),
)
ROUTING = Routing(NAME, True, False, False, "")
POLICY = Policy(
    NAME,
    (DnsAnswer(NAME, "TXT", ("v=spf1 mx -all",)), DnsAnswer(NAME, "MX", (f"10 {HOST}.",))),
    DnsAnswer(NAME, "SPF"),
    (DnsAnswer(f"_dmarc.{NAME}", "TXT", ("v=DMARC1; p=none",)),),
)
BLOCKLISTS = BlocklistEvidence(
    ("192.0.2.53",),
    (SERVER,),
    (ListAnswer(LIST, SERVER, codes=("127.0.0.2",)),),
    (ListAnswer(LIST, LISTED_ENTRY, codes=("127.0.0.2",)), ListAnswer(LIST, CLEAN_ENTRY)),
)
PARTS: dict[str, Any] = {
    "previews": (evidence_maker.preview(),),
    "greeting": (evidence_maker.probe(),),
    "names": (evidence_maker.reverse("cp1.example.net"),),
    "outgoing": (),
    "policy": (POLICY,),
    "zone": (zone_maker.zone(),),
    "hosts": (),
    "relay": (),
    "log": evidence().visits,
    "blocklists": BLOCKLISTS,
}
"""What each part of a check finds."""


def known(**changes: Any) -> Evidence:
    """What is known before the parts are begun."""
    from mxverdict.collect.evidence_builder import pending_domains

    return evidence(
        **{
            "previews": (),
            "probes": (),
            "reverse_dns": (),
            "targets": (Target(SERVER, SERVER),),
            "asked": (RequestedTarget(NAME, (SERVER,)),),
            "domains": pending_domains([ROUTE], [ROUTING]),
            **changes,
        }
    )


def whole() -> Evidence:
    return evidence(
        targets=(Target(SERVER, SERVER),),
        asked=(RequestedTarget(NAME, (SERVER,)),),
        domains=(Domain(NAME, ROUTE, zone_maker.zone(), POLICY, ROUTING),),
        blocklists=BLOCKLISTS,
        previews=PARTS["previews"],
        probes=PARTS["greeting"],
        reverse_dns=PARTS["names"],
    )
