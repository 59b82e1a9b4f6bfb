"""The outcome of one SMTP attempt of the outbound test."""

from __future__ import annotations

import re
from enum import Enum

from mxverdict.evidence import Reply
from mxverdict.evidence.outbound import SmtpAttempt


class Outcome(str, Enum):
    """Where an attempt ended, and why."""

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
    REJECTED_AT_CONNECT = "turned_away"
    BUSY = "busy"
    NAME_REJECTED = "name_rejected"
    SENDER_REJECTED = "sender_rejected"
    NULL_SENDER_REJECTED = "null_sender_rejected"
    SENDER_NOT_VERIFIED = "sender_not_verified"
    UNKNOWN_USER = "unknown_user"
    MAILBOX_FULL = "mailbox_full"
    RELAY_DENIED = "relay_denied"
    REJECTED = "rejected"
    GREYLISTED = "greylisted"
    PUT_OFF = "put_off"
    TLS_REQUIRED = "tls_required"
    TLS_BROKEN = "tls_broken"
    CONTENT_REJECTED = "content_rejected"
    REDIRECTED = "redirected"
    OUT_OF_TIME = "out_of_time"
    LEFT_ALONE = "left_alone"
    FAILED = "failed"


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
_BY_STAGE = {
    "connect": Outcome.REJECTED_AT_CONNECT,
    "ehlo": Outcome.NAME_REJECTED,
    "helo": Outcome.NAME_REJECTED,
    "mail": Outcome.SENDER_REJECTED,
}
NO_CONNECTION = frozenset(
    (Outcome.REFUSED, Outcome.TIMED_OUT, Outcome.NO_ROUTE, Outcome.BLOCKED_HERE, Outcome.RESET)
)

CALLOUT_TIMEOUT = 30.0
"""Seconds that Exim gives each step of a callout unless configured otherwise (Exim specification, "Additional
parameters for callouts"); cPanel gives it 60 (docs/facts/whm.md 1.4)."""
_MAIL_TIMEOUT = 300.0
"""Seconds that a sender has to wait for most replies (RFC 5321 section 4.5.3.2), as Exim does."""

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_SENDER_CHECK = re.compile(
    r"sender.{0,20}verif|verif\w* (?:of |the )?sender|verification failed for|call-?(?:back|out)|"
    r"unverified address|sender address verification",
    re.IGNORECASE,
)
_SENDER_CHECK_CODES = ("4.1.7", "5.1.7", "4.1.8", "5.1.8")
"""Bad sender's mailbox address syntax or system (RFC 3463 section 3.2); Postfix says 4.1.7 for an address it
could not verify."""
_NO_USER = re.compile(
    r"(?:user|recipient).{0,12}(?:unknown|not found|not exist|doesn't exist)|"
    r"unknown (?:user|recipient|address|local)|no such (?:user|recipient|address|mailbox|person)|"
    r"(?:does not|doesn't) exist|mailbox (?:unavailable|not found)|no mailbox|"
    r"(?:invalid|bad) (?:recipient|mailbox)|not a valid (?:user|mailbox)",
    re.IGNORECASE,
)
_NO_USER_CODES = ("5.1.1", "5.1.0", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
_RELAY = re.compile(r"\brelay(?:ing|ed)?\b", re.IGNORECASE)
_FULL = re.compile(
    r"(?:mailbox|quota|storage).{0,20}(?:full|exceed)|over.{0,5}quota|\b[45]\.2\.2\b", re.IGNORECASE
)
_STARTTLS_FIRST = re.compile(r"starttls|\btls\b|encrypt", re.IGNORECASE)


def outcome_of(attempt: SmtpAttempt, hostname: str, callback: bool = False) -> Outcome:
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


def enhanced_code(reply: Reply) -> str:
    """Return the enhanced status code (RFC 3463) that begins the reply's text, "" without one."""
    match = _ENHANCED.match(reply.lines[0]) if reply.lines else None
    return match[1] if match else ""


def _of_reply(reply: Reply, attempt: SmtpAttempt) -> Outcome:
    stage = attempt.failed_at
    if stage in ("mail", "rcpt", "data", "message"):
        if _wants_tls(reply):
            return Outcome.TLS_REQUIRED
        if _SENDER_CHECK.search(reply.text) or enhanced_code(reply) in _SENDER_CHECK_CODES:
            return Outcome.SENDER_NOT_VERIFIED
    if reply.code < 500:
        return _of_temporary(reply, stage)
    if stage == "rcpt":
        return _of_refused_recipient(reply)
    if stage == "mail" and _null_sender(attempt):
        return Outcome.NULL_SENDER_REJECTED
    return _BY_STAGE.get(stage, Outcome.CONTENT_REJECTED)


def _wants_tls(reply: Reply) -> bool:
    """Whether the server asks for STARTTLS: 530 (RFC 3207 section 4); some answer 554 5.7.0 or 538."""
    coded = reply.code in (530, 538) or (reply.code == 554 and enhanced_code(reply) == "5.7.0")
    return coded and _STARTTLS_FIRST.search(reply.text) is not None


def _of_temporary(reply: Reply, stage: str) -> Outcome:
    if stage == "connect" or reply.code == 421:
        return Outcome.BUSY
    if _FULL.search(reply.text):
        return Outcome.MAILBOX_FULL
    if stage == "rcpt" and reply.code in (450, 451):
        return Outcome.GREYLISTED
    return Outcome.PUT_OFF


def _of_refused_recipient(reply: Reply) -> Outcome:
    code = enhanced_code(reply)
    if _FULL.search(reply.text):
        return Outcome.MAILBOX_FULL
    if code in _NO_USER_CODES or (not code.startswith("5.7.") and _NO_USER.search(reply.text)):
        return Outcome.UNKNOWN_USER
    return Outcome.RELAY_DENIED if _RELAY.search(reply.text) else Outcome.REJECTED


def _null_sender(attempt: SmtpAttempt) -> bool:
    return any(stage.name == "mail" and stage.command.endswith("<>") for stage in attempt.stages)
