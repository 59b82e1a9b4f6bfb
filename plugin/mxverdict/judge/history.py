"""What testers met according to Exim's log, in words, and held against the prediction."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta, timezone

from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.findings import Prediction, Session
from mxverdict.judge import mxtoolbox
from mxverdict.testers import Tester
from mxverdict.testers.rows import HEADLINE
from mxverdict.testers.rows import load as rows_of

GAVE_UP, CAME_THROUGH, TURNED_AWAY, DROPPED, UNCLEAR = "gave_up", "through", "turned_away", "dropped", ""
_SLACK = 1.0
"""Exim counts whole seconds."""
_STEP = {"connect": "Connect", "ehlo": "EHLO", "mail": "MAIL FROM", "rcpt": "MAIL FROM", "data": "RCPT TO"}
_PLACE = {
    "connect": "before it said a word",
    "ehlo": "after EHLO",
    "mail": "after MAIL FROM",
    "rcpt": "at RCPT TO",
    "data": "after RCPT TO",
}
_REFUSED = {
    "relay": "was refused relaying",
    "greylisting": "was greylisted",
    "rate_limit": "was rate-limited",
    "sender": "failed sender verification",
    "recipient": "asked for a recipient that is not here",
    "tls": "failed at TLS",
    "other": "was refused",
}


def when(visit: Visit) -> str:
    """Date and time as the log has them, with the log's zone: `2026-11-25 10:31:02 +0100`."""
    zone = timezone(timedelta(seconds=visit.zone))
    return datetime.fromtimestamp(visit.came_at, zone).strftime("%Y-%m-%d %H:%M:%S %z")


def outcome(visit: Visit, tester: Tester) -> str:
    """One of GAVE_UP (it waited as long as its patience lasts), CAME_THROUGH (it ended in order),
    TURNED_AWAY (at connect), DROPPED (by Exim) and UNCLEAR."""
    if visit.ended == "left" and (visit.seconds or 0.0) >= tester.patience - _SLACK:
        return GAVE_UP
    return {"quit": CAME_THROUGH, "rejected": TURNED_AWAY, "dropped": DROPPED}.get(visit.ended, UNCLEAR)


def ending(visit: Visit) -> str:
    """How a visit ended, in plain words: `was refused relaying, then said QUIT, after 2 s`."""
    refused = _REFUSED.get(visit.refused, "")
    if visit.messages:
        refused = f"handed over {visit.messages} message{'s' if visit.messages > 1 else ''}"
    if visit.ended == "quit":
        told = f"{refused}, then said QUIT" if refused else "said QUIT"
    elif visit.ended == "rejected":
        told = f"{refused or 'was refused'} at connect"
    elif visit.ended == "left":
        told = f"left {_PLACE[visit.stage]}"
        if refused and visit.stage not in ("connect", "rcpt"):
            told = f"{refused}, then {told}"
    elif visit.ended == "timeout":
        told = f"went silent {_PLACE[visit.stage]} until Exim's patience ran out"
    elif visit.ended == "dropped":
        told = "was dropped by Exim" + (f" ({visit.refusal})" if visit.refusal else "")
    else:
        told = f"{refused}; how it ended is not in the log" if refused else "has no end in the log"
    return told if visit.seconds is None else f"{told}, after {visit.seconds:g} s"


def printed(visit: Visit, tester: Tester) -> str:
    """What the tester will have printed about this visit, in its own words; "" where the log cannot tell."""
    got = outcome(visit, tester)
    if tester.report != "mxtoolbox":
        return tester.timeout_text if got == GAVE_UP and visit.stage == "connect" else ""
    rows = rows_of("smtp")
    if got == GAVE_UP:
        return rows[HEADLINE].failed.format(seconds=f"{tester.patience:g}", step=_STEP[visit.stage])
    if got == TURNED_AWAY:
        return rows[mxtoolbox.CONNECT].failed
    if got == DROPPED:
        return rows[mxtoolbox.DISCONNECTED].failed
    return rows[mxtoolbox.OPEN_RELAY].ok if got == CAME_THROUGH and visit.refused == "relay" else ""


def history(prediction: Prediction, tester: Tester, log: VisitLog) -> str:
    """The prediction held against the tester's last visit: one or two sentences, "" without a log or for a
    tester whose addresses are unknown."""
    if log.since is None or not tester.addresses:
        return ""
    visits = [visit for visit in log.visits if visit.tester == tester.name]
    if not visits:
        return f"{tester.title} has not been here since {_day(log)}."
    same = [visit for visit in visits if _network_sample(visit, tester) in prediction.sources]
    last = (same or visits)[-1]
    told = f"Its last visit, {when(last)} from {last.address}"
    if not same:
        return f"{told}, came from an address that is treated differently: it {ending(last)}."
    then, now = outcome(last, tester), _predicted(prediction.session)
    if UNCLEAR in (then, now):
        return f"{told}: it {ending(last)}."
    if then == now:
        return f"{told}, met the same: it {ending(last)}."
    return f"{told}, met something else: it {ending(last)}.{_reason(then, now, last)}"


def _day(log: VisitLog) -> str:
    return datetime.fromtimestamp(log.since or 0.0, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _predicted(session: Session) -> str:
    if session.ended == "timeout":
        return GAVE_UP
    if session.ended == "dropped":
        return DROPPED
    greeting = session.reply("connect")
    if session.ended == "unknown" or greeting is None:
        return UNCLEAR
    return CAME_THROUGH if greeting.positive else TURNED_AWAY


def _reason(then: str, now: str, visit: Visit) -> str:
    if then == TURNED_AWAY and visit.refused == "rate_limit":
        return " It had come too often then."
    if (then, now) == (CAME_THROUGH, GAVE_UP):
        return " Exim did not make it wait then: the delay was off, or it was let past."
    if (then, now) == (GAVE_UP, CAME_THROUGH):
        return " Exim made it wait then, and now does not."
    return ""


def _network_sample(visit: Visit, tester: Tester) -> str:
    """The address that stands for the visitor's network in predictions."""
    address = ipaddress.ip_address(visit.address)
    known = (a.example for a in tester.addresses if address in ipaddress.ip_network(a.network))
    return next(known, visit.address)
