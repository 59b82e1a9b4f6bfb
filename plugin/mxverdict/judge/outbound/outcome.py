"""The outcome of one SMTP attempt of the outbound test."""

from __future__ import annotations

from enum import Enum
from typing import Optional, Union

from mxverdict.evidence import Reply
from mxverdict.evidence.outbound import SmtpAttempt
from mxverdict.findings import Verdict
from mxverdict.refusals import RefusalClass, classify, refusal_verdict


class Outcome(str, Enum):
    """Where an attempt ended, and why; a refusal has a `RefusalClass` instead."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    NO_ROUTE = "no_route"
    BLOCKED_HERE = "blocked_here"
    NO_SOURCE = "no_source"
    RESET = "reset"
    CLOSED = "closed"
    NO_ANSWER = "no_answer"
    TOO_SLOW = "too_slow"
    NOT_SMTP = "not_smtp"
    TLS_BROKEN = "tls_broken"
    NULL_SENDER_REJECTED = "null_sender_rejected"
    REDIRECTED = "redirected"
    OUT_OF_TIME = "out_of_time"
    LEFT_ALONE = "left_alone"
    FAILED = "failed"


End = Union[Outcome, RefusalClass]

_BY_CAUSE = {
    "refused": Outcome.REFUSED,
    "timeout": Outcome.TIMED_OUT,
    "no_route": Outcome.NO_ROUTE,
    "blocked_here": Outcome.BLOCKED_HERE,
    "no_source": Outcome.NO_SOURCE,
    "reset": Outcome.RESET,
    "closed": Outcome.CLOSED,
    "not_smtp": Outcome.NOT_SMTP,
    "oversize": Outcome.NOT_SMTP,
    "tls": Outcome.TLS_BROKEN,
    "deadline": Outcome.OUT_OF_TIME,
    "not_public": Outcome.LEFT_ALONE,
}
NO_CONNECTION = frozenset(
    (Outcome.REFUSED, Outcome.TIMED_OUT, Outcome.NO_ROUTE, Outcome.BLOCKED_HERE, Outcome.RESET)
)

CALLOUT_TIMEOUT = 30.0
"""Seconds that Exim gives each step of a callout unless configured otherwise (Exim specification, "Additional
parameters for callouts"); cPanel gives it 60 (docs/facts/whm.md 1.4)."""
_MAIL_TIMEOUT = 300.0
"""Seconds that a sender has to wait for most replies (RFC 5321 section 4.5.3.2), as Exim does."""

_SENDER_CLASSES = (RefusalClass.SENDER_REJECTED, RefusalClass.SENDER_DOMAIN, RefusalClass.SENDER_NOT_VERIFIED)


def outcome_of(attempt: SmtpAttempt, hostname: str, callback: bool = False) -> End:
    """Return the outcome. `hostname` is this server's name: whoever answers with it elsewhere is a
    redirection. `callback`: the attempt is a sender verification, which waits less long than a mail."""
    if is_redirected(attempt, hostname):
        return Outcome.REDIRECTED
    if not attempt.cause:
        return Outcome.ACCEPTED
    if attempt.cause == "silent":
        patience = CALLOUT_TIMEOUT if callback else _MAIL_TIMEOUT
        return Outcome.TOO_SLOW if attempt.waited >= patience else Outcome.NO_ANSWER
    if attempt.cause != "reply":
        return _BY_CAUSE.get(attempt.cause, Outcome.FAILED)
    reply = attempt.reply(attempt.failed_at)
    assert reply is not None
    return _of_reply(reply, attempt)


def is_redirected(attempt: SmtpAttempt, hostname: str) -> bool:
    """Whether this server itself answered in the place of another address: its own SMTP restrictions or a
    firewall turned the connection round."""
    banner = attempt.reply("connect")
    if attempt.own or banner is None or banner.code != 220 or not hostname:
        return False
    return (banner.lines[0].split() or [""])[0].rstrip(".").lower() == hostname.rstrip(".").lower()


def verdict_of(end: End, attempt: SmtpAttempt) -> Optional[Verdict]:
    """Return what a refusal is worth; None for an end that is no refusal with a class."""
    reply = attempt.reply(attempt.failed_at)
    return refusal_verdict(end, reply.code) if isinstance(end, RefusalClass) and reply is not None else None


def _of_reply(reply: Reply, attempt: SmtpAttempt) -> End:
    kind = classify(reply.code, reply.text, attempt.failed_at).kind
    if (
        kind in _SENDER_CLASSES
        and attempt.failed_at == "mail"
        and reply.code >= 500
        and _null_sender(attempt)
    ):
        return Outcome.NULL_SENDER_REJECTED
    return kind


def _null_sender(attempt: SmtpAttempt) -> bool:
    return any(stage.name == "mail" and stage.command.endswith("<>") for stage in attempt.stages)
