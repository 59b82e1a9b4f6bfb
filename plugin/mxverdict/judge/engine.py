"""The whole judgement: the report on one piece of evidence."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable, Iterable, Sequence

from mxverdict.evidence import Evidence, Preview, Target, seen_by
from mxverdict.evidence.audience import Audience
from mxverdict.findings import Finding, Prediction, Report, Row, Verdict, worst_first
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.blocklist import judge_blocklists
from mxverdict.judge.domain.report import judge_domains
from mxverdict.judge.server.banner_names import judge_names
from mxverdict.judge.server.settings import delay_on, judge_delay_cost, judge_server
from mxverdict.judge.smtp import greeting, mxtoolbox_rows
from mxverdict.judge.smtp.ground_truth import truth_of
from mxverdict.judge.smtp.open_relay import judge_relay
from mxverdict.judge.smtp.rows import RowContext, judge_rows
from mxverdict.judge.smtp.session import UNREACHED, simulate
from mxverdict.judge.smtp.visit_comparison import compare_with_last_visit
from mxverdict.judge.summary import summary
from mxverdict.testers import UNKNOWN_HOSTS, ImpatientSender, Tester


def _listings(evidence: Evidence) -> tuple[Finding, ...]:
    """Return blocklist findings, unless they are already reported per domain."""
    if evidence.blocklists is None or evidence.domains:
        return ()
    return judge_blocklists(evidence.blocklists)


SERVER_CHECKS: tuple[Callable[[Evidence], Iterable[Finding]], ...] = (
    judge_server,
    judge_names,
    lambda evidence: judge_relay(evidence.relay_tests),
    _listings,
)
"""What is judged of the server itself and no tester prints."""


def judge(
    evidence: Evidence,
    testers: Sequence[Tester],
    senders: Sequence[ImpatientSender],
    audience: Audience = Audience.ROOT,
) -> Report:
    """Return the report each of `testers` would print about each address in `evidence`, with our verdicts, as
    far as `audience` may see it: what no tester prints of the server is root's alone."""
    evidence = seen_by(evidence, audience)
    predictions = predict(evidence, testers)
    domains = judge_domains(evidence, predictions)
    server = _of_server(evidence, senders, predictions) if audience is Audience.ROOT else ()
    return Report(
        version=evidence.version,
        hostname=evidence.hostname,
        taken_at=evidence.taken_at,
        exim_version=evidence.exim_version,
        delay_on=delay_on(evidence),
        summary=summary(predictions, domains, server),
        predictions=predictions,
        server=server,
        remarks=evidence.remarks,
        domains=domains,
    )


def _of_server(
    evidence: Evidence, senders: Sequence[ImpatientSender], predictions: Sequence[Prediction]
) -> tuple[Finding, ...]:
    found = [finding for check in SERVER_CHECKS for finding in check(evidence)]
    found += judge_delay_cost(evidence, senders)
    return worst_first(_drop_reported(found, evidence, predictions))


def predict(evidence: Evidence, testers: Iterable[Tester]) -> tuple[Prediction, ...]:
    """Predict each tester's report on each server address."""
    return tuple(
        prediction
        for tester in testers
        for target in evidence.targets
        for prediction in _predictions(tester, target, evidence)
    )


def _drop_reported(
    findings: Iterable[Finding], evidence: Evidence, predictions: Sequence[Prediction]
) -> list[Finding]:
    """Return the findings without those that a tester's row reports already: that nothing answers at an
    address, and what is wrong with its banner or PTR."""
    unreachable = _reported(predictions, "smtp.connect")
    named = _reported(predictions, "smtp.banner", "ptr.record")
    reported = {("smtp.banner.name", address) for address in named}
    reported |= {
        ("smtp.response", target.local_address)
        for target in evidence.targets
        if target.address in unreachable
    }
    return [finding for finding in findings if (finding.id, finding.row.host) not in reported]


def _reported(predictions: Sequence[Prediction], *rules: str) -> set[str]:
    """Return the server addresses at which a tester reports a real problem of one of the rules."""
    return {
        prediction.server_address
        for prediction in predictions
        for finding in prediction.findings
        if finding.id in rules and finding.verdict is Verdict.PROBLEM
    }


def _predictions(tester: Tester, target: Target, evidence: Evidence) -> list[Prediction]:
    """Return one prediction for each group of source addresses that get the same replies and delays."""
    groups: dict[object, list[Preview]] = {}
    for preview in evidence.previews:
        if preview.local_address == target.local_address and _is_of(preview, tester):
            groups.setdefault(_grouping_key(preview), []).append(preview)
    return [_prediction(tester, target, evidence, previews) for previews in groups.values()]


def _is_of(preview: Preview, tester: Tester) -> bool:
    if preview.commands != tuple(command for _stage, command in tester.commands(preview.address)):
        return False
    if not tester.addresses:
        return preview.address in UNKNOWN_HOSTS.values()
    address = ipaddress.ip_address(preview.address)
    return any(address in network for network in tester.networks if network.version == address.version)


def _grouping_key(preview: Preview) -> object:
    stages = tuple((stage.name, stage.delay, stage.reply and stage.reply.code) for stage in preview.stages)
    return preview.failure, stages


def _prediction(
    tester: Tester, target: Target, evidence: Evidence, previews: Sequence[Preview]
) -> Prediction:
    preview = previews[0]
    truth = truth_of(target, evidence)
    session = simulate(preview, tester) if truth.reachable else UNREACHED
    case = RowContext(session, truth, tester, preview)
    if session.ended == "unknown":
        findings: tuple[Finding, ...] = (_not_predicted(tester, preview),)
    elif tester.report == "mxtoolbox":
        findings = judge_rows(case)
    else:
        findings = greeting.judge_row(case)
    predicted = Prediction(
        tester=tester.name,
        title=tester.title,
        sources=tuple(preview.address for preview in previews),
        server_address=target.address,
        patience=tester.patience,
        headline=mxtoolbox_rows.headline(session, tester) if tester.report == "mxtoolbox" else "",
        session=session,
        findings=findings,
        transcript=mxtoolbox_rows.transcript(session, truth, tester),
        setting=_(tester.setting) if tester.setting else "",
    )
    return dataclasses.replace(predicted, history=compare_with_last_visit(predicted, tester, evidence.visits))


def _not_predicted(tester: Tester, preview: Preview) -> Finding:
    row = Row(
        "smtp.simulation",
        _("{tester} report").format(tester=tester.title),
        "unknown",
        _("could not be predicted"),
    )
    why = _("Exim did not say what it does to this tester.")
    return Finding(row, Verdict.UNKNOWN, why, (translate(preview.detail),))
