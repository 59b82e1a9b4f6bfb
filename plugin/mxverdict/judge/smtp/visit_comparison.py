"""Describes testers' sessions in Exim's log, and compares them with the prediction."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta, timezone

from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.findings import Prediction, Session
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.judge.smtp import mxtoolbox_rows
from mxverdict.testers import Tester
from mxverdict.testers.row_texts import HEADLINE
from mxverdict.testers.row_texts import load as rows_of

TIMED_OUT, COMPLETED, REJECTED, DROPPED, UNCLEAR = "gave_up", "through", "turned_away", "dropped", ""
_SLACK = 1.0
"""Exim counts whole seconds."""
_STEP = {"connect": "Connect", "ehlo": "EHLO", "mail": "MAIL FROM", "rcpt": "MAIL FROM", "data": "RCPT TO"}
_LEFT = {
    "connect": N_("left before it said a word"),
    "ehlo": N_("left after EHLO"),
    "mail": N_("left after MAIL FROM"),
    "rcpt": N_("left at RCPT TO"),
    "data": N_("left after RCPT TO"),
}
_SILENT = {
    "connect": N_("went silent before it said a word until Exim's patience ran out"),
    "ehlo": N_("went silent after EHLO until Exim's patience ran out"),
    "mail": N_("went silent after MAIL FROM until Exim's patience ran out"),
    "rcpt": N_("went silent at RCPT TO until Exim's patience ran out"),
    "data": N_("went silent after RCPT TO until Exim's patience ran out"),
}
_REFUSED = {
    "relay": N_("got through and was rightly refused relaying"),
    "greylisting": N_("was greylisted"),
    "rate_limit": N_("was rate-limited"),
    "sender": N_("failed sender verification"),
    "recipient": N_("asked for a recipient that is not here"),
    "tls": N_("failed at TLS"),
    "other": N_("was refused"),
}


def format_time(visit: Visit) -> str:
    """Return date and time as the log has them, with the log's zone: `2026-11-25 10:31:02 UTC+0100`."""
    zone = timezone(timedelta(seconds=visit.zone))
    form = "%Y-%m-%d %H:%M:%S UTC%z" if visit.zone else "%Y-%m-%d %H:%M:%S UTC"
    return datetime.fromtimestamp(visit.came_at, zone).strftime(form)


def outcome(visit: Visit, tester: Tester) -> str:
    """Return one of TIMED_OUT (it waited as long as its patience lasts), COMPLETED (it ended in order),
    REJECTED (at connect), DROPPED (by Exim) and UNCLEAR."""
    if visit.ended == "left" and (visit.seconds or 0.0) >= tester.patience - _SLACK:
        return TIMED_OUT
    return {"quit": COMPLETED, "rejected": REJECTED, "dropped": DROPPED}.get(visit.ended, UNCLEAR)


def ending(visit: Visit) -> str:
    """Return how a visit ended, in plain words: `was greylisted, then said QUIT, after 2 s`."""
    text = _ending(visit)
    if visit.seconds is None:
        return text
    return _("{ended}, after {seconds} s").format(ended=text, seconds=f"{visit.seconds:g}")


def _ending(visit: Visit) -> str:
    result = _result(visit)
    if visit.ended == "quit":
        return _("{result}, then said QUIT").format(result=result) if result else _("said QUIT")
    if visit.ended == "rejected":
        return _("{refused} at connect").format(refused=result or _(_REFUSED["other"]))
    if visit.ended == "timeout":
        return _(_SILENT[visit.stage])
    if visit.ended == "dropped":
        text = _("was dropped by Exim ({refusal})") if visit.refusal else _("was dropped by Exim")
        return text.format(refusal=visit.refusal)
    if visit.ended == "left":
        left = _(_LEFT[visit.stage])
        text = _("{result}, then {left}") if result and visit.stage not in ("connect", "rcpt") else "{left}"
        return text.format(result=result, left=left)
    return (
        _("{result}; how it ended is not in the log").format(result=result)
        if result
        else _("has no end in the log")
    )


def _result(visit: Visit) -> str:
    """Return the result before it ended: it delivered mail or was refused something, "" for neither."""
    if visit.messages:
        text = ngettext("handed over {count} message", "handed over {count} messages", visit.messages)
        return text.format(count=visit.messages)
    return _(_REFUSED.get(visit.refused, ""))


def reported_text(visit: Visit, tester: Tester) -> str:
    """Return what the tester will have printed about this visit, in its own words; "" where the log cannot
    tell."""
    ended = outcome(visit, tester)
    if tester.report != "mxtoolbox":
        return tester.timeout_text if ended == TIMED_OUT and visit.stage == "connect" else ""
    rows = rows_of("smtp")
    if ended == TIMED_OUT:
        return rows[HEADLINE].failed.format(seconds=f"{tester.patience:g}", step=_STEP[visit.stage])
    if ended == REJECTED:
        return rows[mxtoolbox_rows.CONNECT].failed
    if ended == DROPPED:
        return rows[mxtoolbox_rows.DISCONNECTED].failed
    return rows[mxtoolbox_rows.OPEN_RELAY].ok if ended == COMPLETED and visit.refused == "relay" else ""


def compare_with_last_visit(prediction: Prediction, tester: Tester, log: VisitLog) -> str:
    """Compare the prediction with the tester's last visit: one or two sentences, "" without a log or for a
    tester whose addresses are unknown."""
    if log.since is None or not tester.addresses:
        return ""
    visits = [visit for visit in log.visits if visit.tester == tester.name]
    if not visits:
        return _("No visit by {tester} is in the log, which was read back to {day}.").format(
            tester=tester.title, day=_day(log)
        )
    same = [visit for visit in visits if _network_sample(visit, tester) in prediction.sources]
    last = (same or visits)[-1]
    then, now = outcome(last, tester), _predicted(prediction.session)
    reason = ""
    if not same:
        text = _(
            "Its last visit, {when} from {address}, came from an address that is treated differently: it "
            "{ended}."
        )
    elif UNCLEAR in (then, now):
        text = _("Its last visit, {when} from {address}: it {ended}.")
    elif then == now:
        text = _("Its last visit, {when} from {address}, met the same: it {ended}.")
    else:
        text = _("Its last visit, {when} from {address}, met something else: it {ended}.")
        reason = _reason(then, now, last)
    sentence = text.format(when=format_time(last), address=last.address, ended=ending(last))
    return f"{sentence} {reason}" if reason else sentence


def _day(log: VisitLog) -> str:
    return datetime.fromtimestamp(log.since or 0.0, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _predicted(session: Session) -> str:
    if session.ended == "timeout":
        return TIMED_OUT
    if session.ended == "dropped":
        return DROPPED
    greeting = session.reply("connect")
    if session.ended == "unknown" or greeting is None:
        return UNCLEAR
    return COMPLETED if greeting.positive else REJECTED


def _reason(then: str, now: str, visit: Visit) -> str:
    if then == REJECTED and visit.refused == "rate_limit":
        return _("It had come too often then.")
    if (then, now) == (COMPLETED, TIMED_OUT):
        return _("Exim did not make it wait then: the delay was off, or it was let past.")
    if (then, now) == (TIMED_OUT, COMPLETED):
        return _("Exim made it wait then, and now does not.")
    return ""


def _network_sample(visit: Visit, tester: Tester) -> str:
    """Return the address that represents the visitor's network in predictions."""
    address = ipaddress.ip_address(visit.address)
    known = (a.example for a in tester.addresses if address in ipaddress.ip_network(a.network))
    return next(known, visit.address)
