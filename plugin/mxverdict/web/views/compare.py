"""What the page that compares testers shows: a line for each, as it is now and during a test window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence import Evidence
from mxverdict.findings import Prediction, Report, Verdict
from mxverdict.i18n.catalog import decimal, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.judge.what_if import matching_prediction, predict_exempt
from mxverdict.testers import Tester
from mxverdict.web.views.check import check_view

Tally = tuple[tuple[Verdict, int], ...]


@dataclass(frozen=True)
class SessionOutlook:
    """How a session would go: `reaches` and `change` are sentences, `says` what the tester prints on top,
    `tally` counts the verdicts that occur, the worst first."""

    reaches: str
    says: str
    tally: Tally
    change: str = ""


@dataclass(frozen=True)
class Line:
    """One tester. `number` is that of its reports on the first page: so many `reports`, of which `now` is the
    worst, about the address `about`; `during` is None when it stays the same. `confirmed` is the ISO date of
    the youngest of the tester's addresses, "" without any. `setting` is what ends its false alarm, "" when
    it raises none."""

    number: int
    tester: Tester
    about: str
    reports: int
    now: SessionOutlook
    during: Optional[SessionOutlook]
    confirmed: str
    setting: str = ""


def compare(evidence: Evidence, report: Report, testers: Sequence[Tester]) -> tuple[Line, ...]:
    """In the order of the first page."""
    groups = check_view(evidence, report, testers).groups
    by_name = {tester.name: tester for tester in testers}
    then = predict_exempt(evidence, testers)
    lines = []
    for number, group in enumerate(groups, 1):
        worst = group.cards[0].prediction
        tester = by_name[worst.tester]
        other = matching_prediction(worst, then)
        lines.append(
            Line(
                number=number,
                tester=tester,
                about=worst.server_address,
                reports=len(group.cards),
                now=_outlook(worst),
                during=_during(worst, other) if other else None,
                confirmed=max((one.date for one in tester.addresses), default=""),
                setting=worst.setting if _raises_false_alarm(worst) else "",
            )
        )
    return tuple(lines)


def _raises_false_alarm(prediction: Prediction) -> bool:
    return any(finding.verdict is Verdict.FALSE_POSITIVE for finding in prediction.findings)


def _during(now: Prediction, then: Prediction) -> Optional[SessionOutlook]:
    before = {finding.row.name: finding.row.level for finding in now.findings}
    after = {finding.row.name: finding.row.level for finding in then.findings}
    if now.findings == then.findings:
        return None
    better = sum(level == "ok" and before.get(name, "ok") != "ok" for name, level in after.items())
    outlook = _outlook(then)
    if not better:
        return outlook
    change = ngettext("{count} row turns to a pass.", "{count} rows turn to a pass.", better)
    return SessionOutlook(outlook.reaches, outlook.says, outlook.tally, change.format(count=better))


def _outlook(prediction: Prediction) -> SessionOutlook:
    says = prediction.headline or next((row.text for row in prediction.rows if row.level != "unknown"), "")
    return SessionOutlook(
        _reaches(prediction), says, _tally(finding.verdict for finding in prediction.findings)
    )


def _tally(verdicts: Iterable[Verdict]) -> Tally:
    counts = Counter(verdicts)
    return tuple((verdict, counts[verdict]) for verdict in Verdict if counts[verdict])


def _reaches(prediction: Prediction) -> str:
    """Return how far the session gets, in one sentence."""
    session = prediction.session
    if session.ended == "unknown":
        return _("Exim did not say what it does to this tester.")
    if not session.stages:
        return _("It gets no connection.")
    last = session.stages[-1]
    at_once = last.name == "connect"
    values = {"seconds": f"{prediction.patience:g}", "command": last.name.upper()}
    if session.ended == "timeout" and at_once:
        sentence = _("It hangs up after {seconds} s without a greeting.")
    elif session.ended == "timeout":
        sentence = _("It hangs up after {seconds} s without an answer to {command}.")
    elif session.ended == "dropped" or last.reply is None:
        sentence = (
            _("The connection is dropped before a greeting.")
            if at_once
            else _("It is dropped after {command}.")
        )
    elif last.name != "rcpt" and not last.reply.positive:
        sentence = _("It is refused at once.") if at_once else _("It is refused at {command}.")
    else:
        values["seconds"] = decimal(max(0.1, session.seconds), 1)
        sentence = _("It gets through in {seconds} s.")
    return sentence.format(**values)
