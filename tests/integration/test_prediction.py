"""The predicted report equals the report of the stand-in tester, row by row, for generated configurations.

Time is scaled ten to one (see `predictions`), so 0 to 3 s of delay stand for 0 to 30 s.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.predictions import SOURCE, Comparison, compare
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

Change = Callable[[Sandbox], None]
AT_A_TIME = 4


@dataclass(frozen=True)
class Case:
    """A sandbox to make, what to change in it before the visit, and verdicts that must come out."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    change: Change = lambda box: None
    verdicts: dict[str, str] = field(default_factory=dict)
    source: str = SOURCE


def listed(file: str, line: str = SOURCE) -> Change:
    def change(box: Sandbox) -> None:
        with (box.root / "etc" / file).open("a") as stream:
            stream.write(f"{line}\n")

    return change


def without(file: str) -> Change:
    return lambda box: (box.root / "etc" / file).unlink()


def option(*lines: str) -> Change:
    """Set keys in exim.conf.localopts and bring them into force."""

    def change(box: Sandbox) -> None:
        file = box.root / "etc/exim.conf.localopts"
        keys = {line.partition("=")[0] for line in lines}
        kept = [line for line in file.read_text().splitlines() if line.partition("=")[0] not in keys]
        file.write_text("\n".join([*kept, *lines]) + "\n")
        box.rebuild()

    return change


def both(*changes: Change) -> Change:
    def change(box: Sandbox) -> None:
        for one in changes:
            one(box)

    return change


def greylisting(box: Sandbox) -> None:
    (box.root / "var/cpanel/greylist/enabled").touch()
    box.rebuild()


def visited(times: int) -> Change:
    def change(box: Sandbox) -> None:
        for _ in range(times):
            box.visit(source=SOURCE, patience=5.0)

    return change


SPARED = {"SMTP Banner Check": "ok", "SMTP TLS": "ok", "SMTP Transaction Time": "ok", "SMTP Open Relay": "ok"}
TRIO = {
    "SMTP Banner Check": "false_positive",
    "SMTP TLS": "false_positive",
    "SMTP Transaction Time": "false_positive",
    "SMTP Open Relay": "not_run",
    "SMTP Connection Time": "not_run",
}
NAME = "keeper-us-east-1d.mxtoolbox.com"
SLOW = {"connect_delay": 2, "rcpt_delay": 2, "spam_delay": 4}
FAST = {"connect_delay": 0, "rcpt_delay": 0, "spam_delay": 0}
NOT_RESOLVED = {("203.0.113.10", "PTR"): ("mail.shop.example",)}

CASES = [
    *(
        Case(f"delay-{connect}0s-banner-{rcpt}0s-rcpt", {"connect_delay": connect, "rcpt_delay": rcpt})
        for connect in range(4)
        for rcpt in range(4)
    ),
    Case("the-trio", SLOW, verdicts=TRIO),
    Case("delay-off", SLOW, option("acl_delay_unknown_hosts=0"), SPARED),
    Case("delay-key-empty", SLOW, option("acl_delay_unknown_hosts="), SPARED),
    *(
        Case(f"in-{file}", SLOW, listed(file), SPARED)
        for file in (
            "senderverifybypasshosts",
            "neighbor_netblocks",
            "recent_authed_mail_ips",
            "greylist_trusted_netblocks",
            "cpanel_mail_netblocks",
        )
    ),
    Case("in-network", SLOW, listed("senderverifybypasshosts", "18.209.86.0/24 # tester"), SPARED),
    Case("other-address-listed", SLOW, listed("senderverifybypasshosts", "18.209.86.114"), TRIO),
    Case("in-skipsmtpcheckhosts", SLOW, listed("skipsmtpcheckhosts"), {"SMTP Open Relay": "problem"}),
    Case("name-in-trustedmailhosts", SLOW, listed("trustedmailhosts", NAME), SPARED),
    Case("address-in-trustedmailhosts", SLOW, listed("trustedmailhosts"), TRIO),
    Case("name-in-backupmxhosts", SLOW, listed("backupmxhosts", NAME), SPARED),
    Case("greylist-trusted-cut-out", SLOW,
         both(option("acl_dont_delay_greylisting_trusted_hosts=0"),
              listed("greylist_trusted_netblocks")), TRIO),
    Case("common-provider-not-spared", SLOW, listed("greylist_common_mail_providers"), TRIO),
    Case("common-provider-spared", SLOW,
         both(option("acl_dont_delay_greylisting_common_mail_providers=1"),
              listed("greylist_common_mail_providers")), SPARED),
    Case("no-tls", {**FAST, "tls": False}, verdicts={"SMTP TLS": "problem"}),
    Case("no-tls-behind-the-delay", {**SLOW, "tls": False}, verdicts={"SMTP TLS": "problem"}),
    Case("no-ptr", {**FAST, "records": {("203.0.113.10", "PTR"): ()}},
         verdicts={"SMTP Reverse DNS Resolution": "problem"}),
    Case("no-ptr-behind-the-delay", {**SLOW, "records": {("203.0.113.10", "PTR"): ()}},
         verdicts={"SMTP Reverse DNS Resolution": "problem", "SMTP TLS": "false_positive"}),
    Case("ptr-not-in-banner", {**FAST, "records": NOT_RESOLVED},
         verdicts={"SMTP Banner Check": "problem", "SMTP Reverse DNS Mismatch": "problem"}),
    Case("ptr-not-in-banner-behind-the-delay", {**SLOW, "records": NOT_RESOLVED},
         verdicts={"SMTP Banner Check": "problem", "SMTP TLS": "false_positive"}),
    Case("ptr-is-no-host-name", {**FAST, "records": {("203.0.113.10", "PTR"): ("localhost",)}},
         verdicts={"SMTP Valid Hostname": "problem"}),
    Case("other-banner", {**FAST, "banner": "mail.elsewhere.example ESMTP"},
         verdicts={"SMTP Banner Check": "problem"}),
    Case("ptr-inside-a-longer-word", {**FAST, "banner": "xcp1.example.network ESMTP"},
         verdicts={"SMTP Banner Check": "ok"}),
    Case("open-relay", {**FAST, "open_relay": True}, verdicts={"SMTP Open Relay": "problem"}),
    Case("open-relay-behind-the-delay", {**SLOW, "open_relay": True},
         verdicts={"SMTP Open Relay": "problem"}),
    Case("rate-limited", {**FAST, "slow_fail_limit": 2}, visited(3), {"SMTP Connect": "false_positive"}),
    Case("not-yet-rate-limited", {**FAST, "slow_fail_limit": 3}, visited(3), SPARED),
    Case("missing-list", FAST, without("spammeripblocks"), {"SMTP Connect": "problem"}),
    Case("missing-list-in-the-delay", SLOW, without("senderverifybypasshosts"), {"SMTP Connect": "problem"}),
    Case("missing-list-at-mail", FAST, both(option("acl_delay_unknown_hosts=0", "acl_spammerlist=0"),
         without("skipsmtpcheckhosts")), {"SMTP Open Relay": "not_run"}),
    Case("missing-list-after-the-delay", SLOW, without("spammeripblocks")),
    Case("missing-list-after-a-delay-at-rcpt", {**FAST, "rcpt_delay": 1},
         both(greylisting, without("recent_recipient_mail_server_ips")),
         {"SMTP Transaction Time": "false_positive"}),
    Case("missing-list-at-rcpt", FAST, both(option("acl_delay_unknown_hosts=0"),
         without("senderverifybypasshosts")), {"SMTP Open Relay": "not_run"}),
    Case("blocked", FAST, listed("spammeripblocks"), {"SMTP Connect": "problem"}),
    Case("spam-marked", {**FAST, "spam_delay": 2, "spam_marked": True},
         verdicts={"SMTP Open Relay": "not_run"}),
    Case("sender-does-not-verify", {**FAST, "records": {("mxtoolboxsmtpdiag.com", "MX"): ()}},
         verdicts={"SMTP Open Relay": "not_run"}),
    Case("greylisting", FAST, greylisting, SPARED),
    Case("greylisting-behind-the-delay", SLOW, greylisting, TRIO),
    Case("greylisting-trusted", SLOW, both(greylisting, listed("greylist_trusted_netblocks")), SPARED),
    Case("unnamed-source", SLOW, source="52.55.244.91", verdicts=TRIO),
]  # fmt: skip


def run(case: Case) -> Comparison:
    with Sandbox(**case.options) as box:
        case.change(box)
        return compare(box, source=case.source)


@pytest.fixture(scope="module")
def comparisons(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Comparison]]]:
    """All cases that were chosen, a few at a time: they mostly wait for Exim's delays."""
    chosen = {item.name for item in request.session.items}
    cases = [case for case in CASES if f"test_prediction_equals_reality[{case.name}]" in chosen]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {case.name: pool.submit(run, case) for case in cases}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_prediction_equals_reality(case: Case, comparisons: dict[str, Future[Comparison]]) -> None:
    comparison = comparisons[case.name].result()
    assert comparison.differences == ()
    assert case.verdicts.items() <= comparison.verdicts.items()


@pytest.mark.slow
def test_prediction_equals_reality_at_true_scale() -> None:
    """20 s of delay against 15 s of patience, as on a real server."""
    with Sandbox() as box:
        comparison = compare(box, patience=15.0, warn=5.0, bad=8.0)
    assert comparison.differences == ()
    assert TRIO.items() <= comparison.verdicts.items()
    assert 15.0 <= comparison.real.transaction_time < 16.0


def test_there_are_forty_configurations_and_the_tools_for_them() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40
    assert shutil.which("ip") and shutil.which("named")
