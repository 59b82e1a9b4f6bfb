"""Judges what the hosts of a mail route answered: are they there, do they take the domain, do they relay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Optional

from mxverdict.evidence import Reply
from mxverdict.evidence.mail_route import HostGreeting, MailHost, MailRoute, RecipientAnswer
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, decimal
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.refusals import RefusalClass, classify

ANSWERS = N_("MX host answers")
TAKES = N_("MX host takes the domain")
RELAYS = N_("MX host relays")
_CATEGORY = "mx"
_WORST = (Verdict.PROBLEM, Verdict.UNKNOWN, Verdict.ADVISORY, Verdict.OK)
_DOWN = ("refused", "timeout", "no_route")

_LATER = (
    RefusalClass.GREYLISTED,
    RefusalClass.TEMPORARY,
    RefusalClass.RECEIVER_FAULT,
    RefusalClass.UNKNOWN,
)
_MEANINGS = {
    **dict.fromkeys((RefusalClass.RELAY_DENIED, RefusalClass.RECIPIENT_DOMAIN), "foreign"),
    **dict.fromkeys(
        (RefusalClass.RECIPIENT_UNKNOWN, RefusalClass.RECIPIENT_DISABLED, RefusalClass.MAILBOX_FULL), "user"
    ),
}
"""What a refusal of the recipient says of the domain, a key of `_REFUSALS`; all others are `policy`."""

Judged = tuple[Verdict, str, str, str]
"""Verdict, the word for the row, why, todo."""


def judge_mail_host(
    host: MailHost, route: MailRoute, greetings: Sequence[HostGreeting], own: frozenset[str]
) -> tuple[Finding, ...]:
    """Judge what the remote addresses of one host did; not this server's own, nor private ones."""
    here = [
        greeting
        for greeting in greetings
        if greeting.address in host.addresses
        and greeting.address not in own
        and greeting.outcome != "not_public"
    ]
    if not here:
        return ()
    found = [
        _worst(
            "mx.host.answer", ANSWERS, host, [(greeting, _presence(greeting, greetings)) for greeting in here]
        )
    ]
    asked = [
        (greeting, answer)
        for greeting in here
        for answer in greeting.recipients
        if answer.domain.lower() == route.domain.lower()
    ]
    if asked:
        judged = [
            (greeting, answer, _acceptance(greeting, answer, route.domain)) for greeting, answer in asked
        ]
        found.append(
            _worst(
                "mx.host.acceptance",
                TAKES,
                host,
                [(greeting, verdict) for greeting, _answer, verdict in judged],
                [_said(greeting, answer) for greeting, answer, _verdict in judged],
            )
        )
    found += _relay(host, here)
    return tuple(found)


def _worst(
    rule: str,
    name: str,
    host: MailHost,
    judged: Sequence[tuple[HostGreeting, Judged]],
    lines: Optional[Sequence[str]] = None,
) -> Finding:
    """Return one finding for all addresses of a host: the worst of them speaks, each has a line."""
    verdict, word, why, todo = min((one for _greeting, one in judged), key=lambda one: _WORST.index(one[0]))
    lines = (
        tuple(lines) if lines is not None else tuple(_greeting_line(greeting) for greeting, _one in judged)
    )
    owner = Owner.OTHER_SERVER if todo else None
    return Finding(
        Row(rule, name, verdict.level, word, _CATEGORY, host.name), verdict, why, lines, todo, owner
    )


def _presence(greeting: HostGreeting, greetings: Sequence[HostGreeting]) -> Judged:
    state = greeting.outcome
    if state in _DOWN:
        state = "down" if _way_out(greeting.address, greetings) else "no_way_out"
    if state == "deadline":
        state = "silent" if greeting.probe.stage("connect") is not None else "no_time"
    verdict, word, why, todo = _STATES.get(state, _STATES["error"])
    return verdict, _(word), _(why).format(seconds=f"{greeting.patience:.0f}"), _(todo)


def _way_out(address: str, greetings: Sequence[HostGreeting]) -> bool:
    """Whether a conversation with another host of the same IP version proves that port 25 is open for us."""
    version = ":" in address
    return any(
        other.outcome in ("greeted", "busy", "turned_away", "silent", "not_smtp")
        for other in greetings
        if other.address != address and (":" in other.address) == version
    )


def _acceptance(greeting: HostGreeting, answer: RecipientAnswer, domain: str) -> Judged:
    """Return what the answer to postmaster@domain says about the domain."""
    reply = answer.reply
    if reply is None:
        return Verdict.UNKNOWN, _("not told"), _("Whether the host takes the domain could not be asked."), ""
    if not answer.at_mail and reply.positive:
        return Verdict.OK, _("takes it"), _("The host takes mail for {domain}.").format(domain=domain), ""
    if reply.code < 500 and _class_of(reply, answer) in _LATER:
        why = _(
            "The host asks to come back later (greylisting, or a passing trouble), which says nothing yet."
        )
        return Verdict.UNKNOWN, _("says: later"), why, ""
    meaning = "policy" if answer.at_mail else _meaning(reply, answer, greeting)
    verdict, word, why, todo = _REFUSALS[meaning]
    return verdict, _(word), _(why).format(domain=domain), _(todo).format(domain=domain)


def _class_of(reply: Reply, answer: RecipientAnswer) -> RefusalClass:
    return classify(reply.code, reply.text, "mail" if answer.at_mail else "rcpt").kind


def _meaning(reply: Reply, answer: RecipientAnswer, greeting: HostGreeting) -> str:
    """Return a key of `_REFUSALS`."""
    meaning = _MEANINGS.get(_class_of(reply, answer), "policy")
    if meaning != "user":
        return meaning
    text = _plain(reply, answer.recipient)
    same = any(
        _plain(other.reply, other.recipient) == text
        for other in greeting.recipients
        if not other.domain and other.reply is not None
    )
    return "anybody" if same else "user"


def _plain(reply: Reply, recipient: str) -> str:
    """Return the text of a reply without the name of the recipient, so that two of them can be compared."""
    text = " ".join(reply.lines).lower()
    for word in (recipient.lower(), recipient.lower().partition("@")[2]):
        text = text.replace(word, "…")
    return text


def _relay(host: MailHost, greetings: Sequence[HostGreeting]) -> Iterable[Finding]:
    asked = [(g, a) for g in greetings for a in g.recipients if not a.domain and not a.at_mail]
    open_ones = [(g, a) for g, a in asked if a.reply is not None and a.reply.positive]
    refused = [(g, a) for g, a in asked if a.reply is not None and _is_relay_refusal(a.reply, a, g)]
    if open_ones:
        yield Finding(
            Row("mx.host.relay", RELAYS, "error", _("takes foreign mail"), _CATEGORY, host.name),
            Verdict.PROBLEM,
            _("The host takes a recipient that is not its own, so it may be an open relay."),
            tuple(_said(greeting, answer) for greeting, answer in open_ones),
            _(
                "Have that server refuse foreign recipients. If it is yours and trusts this server on "
                "purpose, test it from a third place."
            ),
            Owner.OTHER_SERVER,
        )
    elif refused:
        yield Finding(
            Row("mx.host.relay", RELAYS, "ok", _("refuses foreign mail"), _CATEGORY, host.name),
            Verdict.OK,
            _("The host refuses a recipient that is not its own."),
            tuple(_said(greeting, answer) for greeting, answer in refused),
        )


def _is_relay_refusal(reply: Reply, answer: RecipientAnswer, greeting: HostGreeting) -> bool:
    """Whether a reply refuses the foreign recipient for what it is: not for now alone, nor for a reason that
    is unclear or has to do with this server."""
    if reply.positive or _meaning(reply, answer, greeting) == "policy":
        return False
    return reply.code >= 500 or _class_of(reply, answer) is RefusalClass.RELAY_DENIED


def _said(greeting: HostGreeting, answer: RecipientAnswer) -> str:
    if answer.reply is None:
        return f"{greeting.address} RCPT {answer.recipient}: {translate(answer.reason)}"
    step = "MAIL FROM:<>" if answer.at_mail else f"RCPT {answer.recipient}"
    return f"{greeting.address} {step}: {answer.reply.code} {' '.join(answer.reply.lines)}"


def _greeting_line(greeting: HostGreeting) -> str:
    connect = greeting.probe.stage("connect")
    if greeting.outcome != "greeted" or connect is None or connect.reply is None:
        said, seconds = (
            translate(greeting.probe.failure),
            "" if connect is None else decimal(connect.seconds, 1),
        )
    else:
        said = f"{connect.reply.code} {' '.join(connect.reply.lines[:1])}"
        seconds = decimal(connect.seconds, 3)
    lines = _("{address} port 25: {said} (after {seconds} s)") if seconds else _("{address} port 25: {said}")
    return lines.format(address=greeting.address, said=said, seconds=seconds)


_REFUSALS: dict[str, Judged] = {
    "foreign": (
        Verdict.PROBLEM,
        N_("refuses it"),
        N_("The host takes no mail for {domain}: what senders bring there comes back as undeliverable."),
        N_("Have {domain} added on that server, or take the MX record away."),
    ),
    "user": (
        Verdict.ADVISORY,
        N_("takes it, but knows no postmaster"),
        N_("The host knows {domain}, but not the postmaster that every domain must have (RFC 5321, 4.5.1)."),
        N_("Have postmaster@{domain} added there."),
    ),
    "anybody": (
        Verdict.UNKNOWN,
        N_("knows no postmaster"),
        N_("The host says that there is no such user, and says so of foreign domains too."),
        "",
    ),
    "policy": (
        Verdict.UNKNOWN,
        N_("refuses this server"),
        N_("The host refuses this server; whether it takes {domain} from others cannot be told from here."),
        "",
    ),
}
"""By what a refusal of the recipient means; the texts are for `gettext`."""

_STATES: dict[str, Judged] = {
    "greeted": (Verdict.OK, N_("answers"), N_("The host answers and speaks SMTP."), ""),
    "down": (
        Verdict.PROBLEM,
        N_("cannot be reached"),
        N_("Nothing takes mail at that address now; other hosts outside do answer this server."),
        N_("Start the mail server there and open its port 25, or take the MX record away."),
    ),
    "no_way_out": (
        Verdict.UNKNOWN,
        N_("could not be reached from here"),
        N_("No other mail host outside answered either, so this server's own way out may be closed."),
        "",
    ),
    "not_smtp": (
        Verdict.PROBLEM,
        N_("speaks no SMTP"),
        N_("What answers on port 25 there is no mail server."),
        N_("Have a mail server answer there, or take the MX record away."),
    ),
    "oversize": (
        Verdict.PROBLEM,
        N_("speaks no SMTP"),
        N_("What answers on port 25 there is no mail server."),
        N_("Have a mail server answer there, or take the MX record away."),
    ),
    "busy": (
        Verdict.UNKNOWN,
        N_("turns this server away"),
        N_(
            "The host answers, but not to this server; whether it turns others away cannot be told from here."
        ),
        "",
    ),
    "turned_away": (
        Verdict.UNKNOWN,
        N_("turns this server away"),
        N_(
            "The host answers, but not to this server; whether it turns others away cannot be told from here."
        ),
        "",
    ),
    "closed": (
        Verdict.UNKNOWN,
        N_("hangs up"),
        N_("The host hangs up on this server; whether it does so to others cannot be told from here."),
        "",
    ),
    "reset": (
        Verdict.UNKNOWN,
        N_("hangs up"),
        N_("The host hangs up on this server; whether it does so to others cannot be told from here."),
        "",
    ),
    "silent": (
        Verdict.UNKNOWN,
        N_("keeps this server waiting"),
        N_(
            "The host took the connection, but did not get to EHLO in {seconds} s; mail servers wait for "
            "minutes."
        ),
        "",
    ),
    "too_many": (
        Verdict.UNKNOWN,
        N_("not asked"),
        N_("This check was about so many mail hosts that this one was left out."),
        "",
    ),
    "no_time": (Verdict.UNKNOWN, N_("not asked"), N_("No time was left to ask the host."), ""),
    "blocked_here": (
        Verdict.UNKNOWN,
        N_("not asked"),
        N_("This server itself does not let connections to port 25 out."),
        "",
    ),
    "error": (Verdict.UNKNOWN, N_("gave no usable answer"), N_("The host could not be asked."), ""),
}
"""By what a host did when it was greeted; the texts are for `gettext`."""
