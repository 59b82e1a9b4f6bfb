"""What the delay for unknown hosts earns and what it costs, from the log."""

from __future__ import annotations

from collections.abc import Iterator

from mxverdict.evidence.traffic import DelayedSender, Traffic
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.judge.durations import duration
from mxverdict.testers.providers import title_of

NAME = N_("Delay for unknown hosts")
LONG_WAIT = 3600.0
"""Seconds of waiting for wanted mail that are worth a word: most people look again after an hour."""
_LISTED = 10
NEARLY_FULL = 0.8
"""Share of Exim's slots from which on a little more traffic fills them."""
DELAY_SHARE = 0.25
"""Share of the connections at once that the delay must hold for it to be worth changing."""

EXEMPT_PROVIDERS = N_(
    "Turn on WHM's own option for the Greylisting list “Common Mail Providers” in place of single addresses: "
    "mxverdict window open --common-mail-providers, or WHM, Exim Configuration Manager, "
    "acl_dont_delay_greylisting_common_mail_providers."
)

LIMITS = (
    N_(
        "The log cannot tell who would have sent spam: turned away means no more than that the address left "
        "during the delay and delivered nothing in this time."
    ),
    N_(
        "A sender that came back from another address of its pool counts as turned away here and as a new "
        "sender there."
    ),
    N_("The log does not say for whom the delay was on: who left at once would have left without it too."),
    N_(
        "Logged-in users are known by the mail they sent: an address that sent none counts as a stranger, "
        "whoever it is."
    ),
)
"""For `gettext`, where they are shown."""


def judge_delay_cost(traffic: Traffic) -> tuple[Finding, ...]:
    """Return findings on what the delay did, and on known large senders that it keeps from delivering."""
    if traffic.read_from is None:
        text, why = _("no log to judge it by"), _("The log holds no line that tells the time.")
        return (
            _finding("log.delay.effect", Verdict.UNKNOWN, text, why, todo=_("See /var/log/exim_mainlog.")),
        )
    return tuple(_findings(traffic))


def _findings(traffic: Traffic) -> Iterator[Finding]:
    yield _sum(traffic)
    if traffic.peak_connections or traffic.refused_connections:
        yield _slots(traffic)
    lost = [one for one in traffic.giving_up if title_of(one.name)]
    if lost:
        yield _finding(
            "log.delay.losses",
            Verdict.ADVISORY,
            ngettext(
                "{count} address of large senders always gave up",
                "{count} addresses of large senders always gave up",
                len(lost),
            ).format(count=len(lost)),
            _(
                "These hosts belong to providers whose mail is wanted, and in this time they never waited "
                "for the greeting; their mail may have come from other addresses of theirs."
            ),
            [_line(one) for one in lost],
            _(EXEMPT_PROVIDERS),
        )
    waiting = [one for one in traffic.waiting if (one.waited or 0.0) >= LONG_WAIT and title_of(one.name)]
    if waiting:
        yield _finding(
            "log.delay.latency",
            Verdict.ADVISORY,
            ngettext(
                "{count} address of large senders delivered hours later",
                "{count} addresses of large senders delivered hours later",
                len(waiting),
            ).format(count=len(waiting)),
            _(
                "These hosts left during the delay and delivered from the same address only after {time} or "
                "more."
            ).format(time=duration(min(one.waited or 0.0 for one in waiting))),
            [_line(one) for one in waiting],
            _(EXEMPT_PROVIDERS),
        )


def _slots(traffic: Traffic) -> Finding:
    peak, slots, held = traffic.peak_connections, traffic.slots, traffic.delayed_at_peak
    if slots:
        text = ngettext(
            "at most {count} of {slots} connections at once",
            "at most {count} of {slots} connections at once",
            slots,
        ).format(count=peak, slots=slots)
    else:
        text = ngettext(
            "at most {count} connection at once", "at most {count} connections at once", peak
        ).format(count=peak)
    why = (
        _("Exim's log of the busiest moment is gone, so how many of them the delay held cannot be told.")
        if held is None
        else ngettext(
            "The delay held {count} of them at the busiest moment.",
            "The delay held {count} of them at the busiest moment.",
            held,
        ).format(count=held)
    )
    evidence = []
    if traffic.refused_connections:
        evidence.append(
            ngettext(
                "{count} connection was refused because all were taken",
                "{count} connections were refused because all were taken",
                traffic.refused_connections,
            ).format(count=traffic.refused_connections)
        )
    if traffic.refused_of_address:
        evidence.append(
            ngettext(
                "{count} connection was refused because its address had too many",
                "{count} connections were refused because their address had too many",
                traffic.refused_of_address,
            ).format(count=traffic.refused_of_address)
        )
    full = traffic.refused_connections > 0 or bool(slots and peak >= NEARLY_FULL * slots)
    if not full or not (held is None or held >= DELAY_SHARE * peak):
        return _finding("log.delay.slots", Verdict.OK, text, why, evidence)
    todo = _(
        "Exempt senders that you know from the delay, the large ones by WHM's own option (mxverdict window "
        "open --common-mail-providers), or raise smtp_accept_max: WHM, Exim Configuration Manager, Advanced "
        "Editor."
    )
    return _finding("log.delay.slots", Verdict.ADVISORY, text, why, evidence, todo)


def _sum(traffic: Traffic) -> Finding:
    text = ngettext(
        "{left} of {count} connections left during the delay",
        "{left} of {count} connections left during the delay",
        traffic.connections,
    ).format(left=traffic.left, count=traffic.connections)
    if not traffic.left:
        why = (
            _("Nobody left before the greeting: either the delay is off, or all who came waited.")
            if traffic.connections
            else _("Nobody came who would be counted.")
        )
        return _finding("log.delay.effect", Verdict.OK, text, why)
    evidence = [
        ngettext(
            "{count} of those that left stayed for less than 2 s, as scanners and monitors do",
            "{count} of those that left stayed for less than 2 s, as scanners and monitors do",
            traffic.left_at_once,
        ).format(count=traffic.left_at_once),
        ngettext(
            "{count} address came three times or more and always gave up",
            "{count} addresses came three times or more and always gave up",
            traffic.giving_up_total,
        ).format(count=traffic.giving_up_total),
        ngettext(
            "{messages} messages from {count} address came in",
            "{messages} messages from {count} addresses came in",
            traffic.delivering,
        ).format(messages=traffic.delivered, count=traffic.delivering),
    ]
    return _finding("log.delay.effect", Verdict.OK, text, _never_delivered(traffic), evidence)


def _never_delivered(traffic: Traffic) -> str:
    gone, later = traffic.turned_away, traffic.kept_waiting
    if traffic.waited_median is None or traffic.waited_longest is None:
        return ngettext(
            "{count} address that left never delivered anything in this time; {later} delivered later.",
            "{count} addresses that left never delivered anything in this time; {later} delivered later.",
            gone,
        ).format(count=gone, later=later)
    return ngettext(
        "{count} address that left never delivered anything in this time; {later} delivered later, half of "
        "them within {half}, the last after {maximum}.",
        "{count} addresses that left never delivered anything in this time; {later} delivered later, half of "
        "them within {half}, the last after {maximum}.",
        gone,
    ).format(
        count=gone,
        later=later,
        half=duration(traffic.waited_median),
        maximum=duration(traffic.waited_longest),
    )


def _line(sender: DelayedSender) -> str:
    who = f"{title_of(sender.name)}: {sender.name} [{sender.address}]"
    if sender.waited is None:
        line = ngettext("{sender} left {count} time", "{sender} left {count} times", sender.left)
        return line.format(sender=who, count=sender.left)
    line = ngettext(
        "{sender} left {count} time, waited {time}",
        "{sender} left {count} times, waited {time}",
        sender.left,
    )
    return line.format(sender=who, count=sender.left, time=duration(sender.waited))


def _finding(
    rule: str, verdict: Verdict, text: str, why: str, evidence: list[str] | None = None, todo: str = ""
) -> Finding:
    lines = tuple((evidence or [])[:_LISTED])
    return Finding(
        Row(rule, NAME, verdict.level, text, "log"), verdict, why, lines, todo, Owner.SERVER if todo else None
    )
