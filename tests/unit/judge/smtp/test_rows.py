"""Every MXToolbox row: its words and its verdict, for each state of the world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mxverdict.evidence import Forward, ProbeStage, Reply, ReverseDns, Tls
from mxverdict.findings import Prediction, Report
from mxverdict.judge.engine import judge
from mxverdict.testers import load
from tests.unit.evidence_maker import (
    EHLO,
    HOSTNAME,
    MXTOOLBOX,
    SERVER,
    evidence,
    preview,
    probe,
    reverse,
)

NO_TLS = Reply(250, EHLO.lines[:3])
FAST = {"connect": 0, "rcpt": 0}


def report(**changes: Any) -> Report:
    return judge(evidence(**changes), (MXTOOLBOX,), load().senders)


def table(prediction: Prediction) -> dict[str, tuple[str, str, str]]:
    return {f.row.name: (f.row.level, f.row.text, f.verdict.value) for f in prediction.findings}


def rows(**changes: Any) -> dict[str, tuple[str, str, str]]:
    (prediction,) = report(**changes).predictions
    return table(prediction)


def test_the_three_false_alarms_of_the_greeting_delay() -> None:
    (prediction,) = report().predictions
    assert prediction.headline == "Timeout waiting for response after 15 seconds. : Completed Connect"
    assert table(prediction) == {
        "SMTP Transaction Time": (
            "error",
            "15.000 seconds - Not good! on Transaction Time",
            "false_positive",
        ),
        "SMTP Banner Check": ("warning", "Reverse DNS does not match SMTP Banner", "false_positive"),
        "SMTP TLS": ("warning", "Warning - Does not support TLS.", "false_positive"),
        "SMTP Reverse DNS Mismatch": ("ok", f"OK - {SERVER} resolves to {HOSTNAME}", "ok"),
        "SMTP Valid Hostname": ("ok", "OK - Reverse DNS is a valid Hostname", "ok"),
        "SMTP Connection Time": ("ok", "0 seconds - Good on Connection time", "not_run"),
        "SMTP Open Relay": ("ok", "OK - Not an open relay.", "not_run"),
    }


def test_failures_come_first_then_warnings_then_passes() -> None:
    (prediction,) = report().predictions
    levels = [finding.row.level for finding in prediction.findings]
    assert levels == sorted(levels, key=["error", "warning", "ok"].index)


def test_a_healthy_server_without_delay_is_ok_in_every_row() -> None:
    found = report(previews=(preview(),))
    assert {finding.verdict.value for finding in found.predictions[0].findings} == {"ok"}
    assert found.predictions[0].headline.startswith(f"220-{HOSTNAME} ESMTP")
    assert found.summary == "MXToolbox will report no problem."


@pytest.mark.parametrize(
    ("changes", "row", "expected"),
    [
        (
            {"previews": (preview(connect=6),)},
            "SMTP Connection Time",
            ("warning", "6.020 seconds - Warning on Connection time", "false_positive"),
        ),
        (
            {"previews": (preview(connect=9),)},
            "SMTP Connection Time",
            ("error", "9.020 seconds - Not good! on Connection time", "false_positive"),
        ),
        (
            {"previews": (preview(rcpt=20),)},
            "SMTP Transaction Time",
            ("error", "15.060 seconds - Not good! on Transaction Time", "false_positive"),
        ),
        (
            {"previews": (preview(rcpt=20),)},
            "SMTP Open Relay",
            ("ok", "OK - Not an open relay.", "not_run"),
        ),
        (
            {"previews": (preview(rcpt=20),)},
            "SMTP Banner Check",
            ("ok", "OK - Reverse DNS matches SMTP Banner", "ok"),
        ),
        (
            {"previews": (preview(elapsed=9.0),)},
            "SMTP Transaction Time",
            ("error", "36.000 seconds - Not good! on Transaction Time", "problem"),
        ),
        (
            {"previews": (preview(replies={"rcpt": Reply(250, ("Accepted",))}),)},
            "SMTP Open Relay",
            ("error", "May be an open relay.", "problem"),
        ),
        (
            {"reverse_dns": (reverse(),)},
            "SMTP Reverse DNS Resolution",
            ("error", "Reverse DNS Resolution - No PTR Record found", "problem"),
        ),
        (
            {"reverse_dns": (reverse("mail.other.example"),)},
            "SMTP Banner Check",
            ("warning", "Reverse DNS does not match SMTP Banner", "problem"),
        ),
        (
            {"reverse_dns": (reverse(HOSTNAME, back=False),)},
            "SMTP Reverse DNS Mismatch",
            ("warning", f"Warning - {HOSTNAME} does not resolve to {SERVER}", "problem"),
        ),
        (
            {"reverse_dns": (reverse("localhost"),)},
            "SMTP Valid Hostname",
            ("warning", "Reverse DNS is not a valid Hostname", "problem"),
        ),
        (
            {"probes": (probe(ehlo=NO_TLS),)},
            "SMTP TLS",
            ("warning", "Warning - Does not support TLS.", "problem"),
        ),
        (
            {"probes": (probe(failure="no reply within 45 s"),)},
            "SMTP TLS",
            ("warning", "Warning - Does not support TLS.", "unknown"),
        ),
        (
            {"probes": (probe(failure="no reply within 45 s"),)},
            "SMTP Banner Check",
            ("warning", "Reverse DNS does not match SMTP Banner", "unknown"),
        ),
        (
            {"previews": (preview(),), "probes": (probe(tls=Tls(False, problem="bad key")),)},
            "SMTP TLS",
            ("ok", "OK - Supports TLS.", "problem"),
        ),
        (
            {"previews": (preview(),), "probes": (probe(tls=Tls(True, "TLSv1.3", False, True)),)},
            "SMTP TLS",
            ("ok", "OK - Supports TLS.", "advisory"),
        ),
    ],
)
def test_row(changes: dict[str, Any], row: str, expected: tuple[str, str, str]) -> None:
    assert rows(**changes)[row] == expected


def test_without_a_ptr_the_name_rows_are_replaced_by_one() -> None:
    found = rows(reverse_dns=(reverse(),))
    assert "SMTP Reverse DNS Resolution" in found
    assert not {"SMTP Banner Check", "SMTP Reverse DNS Mismatch", "SMTP Valid Hostname"} & found.keys()


def test_a_dead_resolver_is_unknown_and_never_a_finding() -> None:
    found = rows(reverse_dns=(reverse(error="timed out"),))
    assert found["SMTP Reverse DNS Resolution"][2] == "unknown"


def test_a_preview_that_said_nothing_gives_unknown_not_a_guess() -> None:
    found = report(previews=(preview(failure="timeout", stages=0),))
    assert [f.verdict.value for f in found.predictions[0].findings] == ["unknown"]
    assert found.exit_status == 3


def test_dropped_connections_are_a_problem() -> None:
    found = report(previews=(preview(failure="broken", stages=0),))
    assert found.predictions[0].headline == "Failed To Connect"
    assert table(found.predictions[0])["SMTP Connect"][2] == "problem"
    assert found.exit_status == 1


def test_sources_that_meet_the_same_share_a_prediction_and_others_stand_apart() -> None:
    same = [preview(connect=20, rcpt=20, address=a) for a in ("18.209.86.113", "52.55.244.91")]
    found = report(previews=(*same, preview(address="18.205.72.90")))
    assert [prediction.sources for prediction in found.predictions] == [
        ("18.209.86.113", "52.55.244.91"),
        ("18.205.72.90",),
    ]


def test_the_transcript_of_a_timed_out_run() -> None:
    (prediction,) = report().predictions
    assert prediction.transcript.splitlines() == [
        f"Connecting to {SERVER}",
        "",
        "SendSMTPCommand: Timeout waiting for response after 15 seconds.",
        "",
        "LookupServer 15000ms",
    ]


def test_the_summary_counts_what_is_real() -> None:
    assert report().summary == "MXToolbox will report 3 problems. None of them is real."
    mixed = report(reverse_dns=(reverse("mail.other.example"),))
    assert mixed.summary == "MXToolbox will report 3 problems. 1 of them is real."


def test_every_problem_says_what_to_do() -> None:
    for changes in (
        {"reverse_dns": (reverse(),)},
        {"reverse_dns": (reverse("mail.other.example", back=False),)},
        {"previews": (preview(replies={"rcpt": Reply(250, ("Accepted",))}),)},
        {"previews": (preview(failure="broken", stages=0),)},
    ):
        for finding in report(**changes).findings:
            assert finding.verdict.value != "problem" or finding.todo, finding


@pytest.mark.parametrize(
    ("code", "text", "verdict"),
    [
        (550, "Rejected relay attempt", "ok"),
        (454, "4.7.1 Relay access denied", "ok"),
        (550, "5.1.1 There is no such user here", "ok"),
        (550, "No thanks", "unknown"),
        (450, "4.1.1 User unknown", "unknown"),
        (451, "Greylisted, please try again in 5 minutes", "not_run"),
        (550, "Verification failed for <supertool@mxtoolboxsmtpdiag.com>", "not_run"),
        (550, "Your address is listed by zen.spamhaus.org", "not_run"),
    ],
)
def test_only_a_refusal_of_relaying_says_that_the_server_does_not_relay(
    code: int, text: str, verdict: str
) -> None:
    (prediction,) = report(previews=(preview(replies={"rcpt": Reply(code, (text,))}),)).predictions
    assert table(prediction)["SMTP Open Relay"] == ("ok", "OK - Not an open relay.", verdict)


def test_exims_log_says_what_a_refusal_in_the_owners_words_is_about() -> None:
    words = (
        "Strangers are not served by cp1.example.net.",
        "[18.209.86.113] is not allowed to send.",
    )
    said = Reply(550, words)
    (stage,) = [stage for stage in preview(replies={"rcpt": said}).stages if stage.name == "rcpt"]
    logged = replace(stage, log=("F=<a@b.example> rejected RCPT <c@d.example>: Rejected relay attempt: 'x'",))
    for last, verdict in ((stage, "not_run"), (logged, "ok")):
        seen = preview(replies={"rcpt": said})
        (prediction,) = report(previews=(replace(seen, stages=(*seen.stages[:-1], last)),)).predictions
        assert table(prediction)["SMTP Open Relay"] == ("ok", "OK - Not an open relay.", verdict)


OPEN_RELAY = {"rcpt": Reply(250, ("Accepted",))}


def test_an_open_relay_behind_the_delay_is_a_problem_though_the_tester_passes_it() -> None:
    found = report(previews=(preview(connect=20, rcpt=20, replies=OPEN_RELAY),))
    (prediction,) = found.predictions
    assert table(prediction)["SMTP Open Relay"] == ("ok", "OK - Not an open relay.", "problem")
    assert found.summary == (
        "MXToolbox will report 3 problems. None of them is real. "
        "This server has 1 real problem that the report does not name."
    )
    assert found.exit_status == 1


def test_a_failing_handshake_that_the_tester_passes_is_told_in_the_summary() -> None:
    found = report(previews=(preview(),), probes=(probe(tls=Tls(handshake=False, problem="no certificate")),))
    assert found.summary == (
        "MXToolbox will report no problem. This server has 1 real problem that the report does not name."
    )


@pytest.mark.parametrize(
    ("ptr", "todo"),
    [
        ("mail.example.org", f"Have the PTR of {SERVER} set to {HOSTNAME}"),
        (HOSTNAME.upper(), "smtp_banner"),
    ],
)
def test_the_advice_for_the_banner_never_asks_for_the_ptr_that_is_there(ptr: str, todo: str) -> None:
    elsewhere = Reply(220, ("mx.elsewhere.example ESMTP",))
    changed = replace(probe(), stages=(replace(probe().stages[0], reply=elsewhere), *probe().stages[1:]))
    (prediction,) = report(
        previews=(preview(replies={"connect": elsewhere}),), probes=(changed,), reverse_dns=(reverse(ptr),)
    ).predictions
    banner = next(f for f in prediction.findings if f.row.name == "SMTP Banner Check")
    assert banner.verdict.value == "problem"
    assert todo in banner.todo


def test_of_several_names_the_one_that_leads_back_is_shown() -> None:
    forwards = (Forward("a.example.org", ("203.0.113.99",)), Forward(HOSTNAME, (SERVER,)))
    names = ReverseDns(SERVER, ("a.example.org", HOSTNAME), forwards)
    _, text, _ = rows(reverse_dns=(names,))["SMTP Reverse DNS Mismatch"]
    assert text == f"OK - {SERVER} resolves to {HOSTNAME}"


@pytest.mark.parametrize("addresses", [(), ("203.0.113.99",)])
def test_a_ptr_name_without_an_address_does_not_resolve(addresses: tuple[str, ...]) -> None:
    names = ReverseDns(SERVER, (HOSTNAME,), (Forward(HOSTNAME, addresses),))
    (prediction,) = report(reverse_dns=(names,)).predictions
    found = next(finding for finding in prediction.findings if finding.id == "ptr.forward")
    assert (found.verdict.value, "does not resolve" in found.why) == ("problem", not addresses)


@pytest.mark.parametrize("lines", [("",), ("", ""), ()])
def test_a_banner_without_a_word_is_a_banner(lines: tuple[str, ...]) -> None:
    """`220` and nothing else is a proper reply (RFC 5321 section 4.2)."""
    bare = replace(probe(), stages=(ProbeStage("connect", "", Reply(220, lines), 0.01), *probe().stages[1:]))
    report = judge(evidence(probes=(bare,)), (MXTOOLBOX,), ())
    assert "Real banner, 0.010 s after connecting from the server: " in {
        line for finding in report.findings for line in finding.evidence
    }
