"""The whole judgement: the report on one piece of evidence."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Sequence

from mxverdict.evidence import Evidence, Preview, Target, seen_by
from mxverdict.evidence.audience import Audience
from mxverdict.findings import Finding, Prediction, Report, Row, Verdict, worst_first
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.blocklist import judge_blocklists
from mxverdict.judge.domain.report import judge_domains
from mxverdict.judge.server.banner_names import BANNER, judge_names
from mxverdict.judge.server.settings import SILENT, delay_on, judge_server
from mxverdict.judge.smtp import greeting, mxtoolbox_rows
from mxverdict.judge.smtp.ground_truth import truth_of
from mxverdict.judge.smtp.open_relay import judge_relay
from mxverdict.judge.smtp.rows import RowContext, judge_rows
from mxverdict.judge.smtp.session import UNREACHED, simulate
from mxverdict.judge.smtp.visit_comparison import compare_with_last_visit
from mxverdict.judge.summary import summary
from mxverdict.testers import UNKNOWN_HOSTS, ImpatientSender, Tester


def judge(
    evidence: Evidence,
    testers: Sequence[Tester],
    senders: Sequence[ImpatientSender],
    audience: Audience = Audience.ROOT,
) -> Report:
    """The report each of `testers` would print about each address in `evidence`, with our verdicts, as far as
    `audience` may see it: what no tester prints of the server is root's alone."""
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
    return worst_first(
        [
            *_beyond_connect(judge_server(evidence, tuple(senders)), evidence, predictions),
            *_untold(judge_names(evidence, evidence.outgoing), predictions),
            *judge_relay(evidence.relay_tests),
            *_listings(evidence),
        ]
    )


def predict(evidence: Evidence, testers: Iterable[Tester]) -> tuple[Prediction, ...]:
    """The predictions alone, by tester and server address."""
    return tuple(
        prediction
        for tester in testers
        for target in evidence.targets
        for prediction in _predictions(tester, target, evidence)
    )


def _beyond_connect(
    findings: Iterable[Finding], evidence: Evidence, predictions: Iterable[Prediction]
) -> list[Finding]:
    """Without the addresses of which a tester's row says already that nothing answers there."""
    told = {
        prediction.server_address
        for prediction in predictions
        for finding in prediction.findings
        if finding.row.name == mxtoolbox_rows.CONNECT and finding.verdict is Verdict.PROBLEM
    }
    inside = {target.local_address for target in evidence.targets if target.address in told}
    return [finding for finding in findings if finding.row.name != SILENT or finding.row.host not in inside]


def _untold(findings: Iterable[Finding], predictions: Iterable[Prediction]) -> list[Finding]:
    """Without what a tester's row about the banner or the PTR says already."""
    told = {
        prediction.server_address
        for prediction in predictions
        for finding in prediction.findings
        if finding.row.name in (mxtoolbox_rows.BANNER, mxtoolbox_rows.REVERSE_RESOLUTION)
        and finding.verdict is Verdict.PROBLEM
    }
    return [finding for finding in findings if finding.row.name != BANNER or finding.row.host not in told]


def _listings(evidence: Evidence) -> tuple[Finding, ...]:
    """What blocklists say, unless it stands with a domain already."""
    if evidence.blocklists is None or evidence.domains:
        return ()
    return judge_blocklists(evidence.blocklists)


def _predictions(tester: Tester, target: Target, evidence: Evidence) -> list[Prediction]:
    """One prediction for each group of source addresses that meet the same."""
    groups: dict[object, list[Preview]] = {}
    for preview in evidence.previews:
        if preview.local_address == target.local_address and _is_of(preview, tester):
            groups.setdefault(_met(preview), []).append(preview)
    return [_prediction(tester, target, evidence, previews) for previews in groups.values()]


def _is_of(preview: Preview, tester: Tester) -> bool:
    if preview.commands != tuple(command for _stage, command in tester.commands(preview.address)):
        return False
    if not tester.addresses:
        return preview.address in UNKNOWN_HOSTS.values()
    address = ipaddress.ip_address(preview.address)
    return any(address in network for network in tester.networks if network.version == address.version)


def _met(preview: Preview) -> object:
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
