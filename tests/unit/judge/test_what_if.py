"""Predictions for the time of a test window: delays taken out, all else as it is."""

from __future__ import annotations

from mxverdict.evidence import Reply
from mxverdict.evidence.visit import VisitLog
from mxverdict.findings import Verdict
from mxverdict.judge.engine import predict
from mxverdict.judge.what_if import matching_prediction, predict_exempt, preview_without_delay
from mxverdict.testers import load
from tests.unit.evidence_maker import BANNER, EHLO, HOSTNAME, MXTOOLBOX, evidence, preview, probe, reverse

OTHER = "18.205.72.90"


def test_the_false_alarms_of_the_delay_are_gone() -> None:
    (prediction,) = predict_exempt(evidence(), (MXTOOLBOX,))
    assert {finding.verdict for finding in prediction.findings} == {Verdict.OK}
    assert prediction.session.ended == "complete"
    assert [stage.delay for stage in prediction.session.stages] == [0.0] * 4
    assert BANNER.lines[0] in prediction.headline


def test_it_is_what_a_server_without_delay_gets() -> None:
    (prediction,) = predict_exempt(evidence(), (MXTOOLBOX,))
    (usual,) = predict(evidence(previews=(preview(),), visits=VisitLog()), (MXTOOLBOX,))
    assert prediction.findings == usual.findings
    assert prediction.session == usual.session


def test_what_is_true_stays() -> None:
    no_tls = Reply(250, EHLO.lines[:3])
    given = evidence(
        previews=(preview(connect=20, rcpt=20, replies={"ehlo": no_tls}),),
        probes=(probe(ehlo=no_tls),),
        reverse_dns=(reverse("mail.elsewhere.example"),),
    )
    (prediction,) = predict_exempt(given, (MXTOOLBOX,))
    problems = {f.row.name for f in prediction.findings if f.verdict is Verdict.PROBLEM}
    assert problems == {"SMTP TLS", "SMTP Banner Check"}


def test_a_slow_answer_stays_slow() -> None:
    (prediction,) = predict_exempt(evidence(previews=(preview(connect=20, elapsed=16.0),)), (MXTOOLBOX,))
    assert prediction.session.timed_out_at("connect")


def test_a_refusal_stays() -> None:
    refused = {"connect": Reply(550, ("blocked here",))}
    (prediction,) = predict_exempt(evidence(previews=(preview(connect=20, replies=refused),)), (MXTOOLBOX,))
    (before,) = predict(evidence(previews=(preview(connect=20, replies=refused),)), (MXTOOLBOX,))
    assert "SMTP Connect" in [f.row.name for f in prediction.findings if f.verdict is Verdict.PROBLEM]
    assert "SMTP Connect" not in [row.name for row in before.rows]


def test_the_evidence_itself_is_left_alone() -> None:
    before = preview(connect=20, rcpt=20)
    after = preview_without_delay(before)
    assert before.delay("connect") == 20
    assert (after.delay("connect"), after.delay("rcpt")) == (0, 0)
    assert all(stage.delayed_by == () for stage in after.stages)


def test_addresses_that_differ_now_are_found_together_then() -> None:
    both = evidence(previews=(preview(connect=20, rcpt=20), preview(address=OTHER)))
    now = predict(both, (MXTOOLBOX,))
    then = predict_exempt(both, (MXTOOLBOX,))
    assert [one.sources for one in now] == [("18.209.86.113",), (OTHER,)]
    assert [one.sources for one in then] == [("18.209.86.113", OTHER)]
    assert [matching_prediction(one, then) for one in now] == [then[0], then[0]]


def test_no_counterpart_at_another_address_or_of_another_tester() -> None:
    (prediction,) = predict_exempt(evidence(), (MXTOOLBOX,))
    assert matching_prediction(prediction, ()) is None
    others = [one for one in predict_exempt(evidence(), load().testers) if one.tester != "mxtoolbox"]
    assert matching_prediction(prediction, others) is None


def test_nothing_is_held_against_a_visit() -> None:
    (prediction,) = predict_exempt(evidence(), (MXTOOLBOX,))
    assert prediction.history == ""
    assert HOSTNAME in prediction.transcript
