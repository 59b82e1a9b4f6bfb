"""The message for each end of an attempt of the outbound test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.outbound import SmtpAttempt
from mxverdict.findings import Owner, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.judge.outbound.outcome import End, Outcome, verdict_of
from mxverdict.refusals import RefusalClass, facts


@dataclass(frozen=True)
class OutcomeMessage:
    """`text` is the row, `why` one sentence, all of them for `gettext` and with `{placeholders}` (see
    `judge.outbound.report`)."""

    verdict: Verdict
    text: str
    why: str
    todo: str = ""
    owner: Optional[Owner] = None


_ASK_OPERATORS = N_("Tell the people who run {host}, with this transcript.")

MESSAGES: dict[Outcome, OutcomeMessage] = {
    Outcome.ACCEPTED: OutcomeMessage(
        Verdict.OK, N_("accepts the recipient"), N_("Every step was answered with yes.")
    ),
    Outcome.REFUSED: OutcomeMessage(
        Verdict.PROBLEM,
        N_("refuses the connection"),
        N_("The host answered, and nothing listens on its port 25, or a firewall in front of it says no."),
        N_(
            "Check that the MX record names the right host; tell the people who run {host}, with this "
            "transcript."
        ),
        Owner.OTHER_SERVER,
    ),
    Outcome.TIMED_OUT: OutcomeMessage(
        Verdict.PROBLEM,
        N_("does not answer: no connection within {seconds} s"),
        N_("Packets to this host vanish on the way: it is down, or a firewall drops them."),
        N_(
            "Try from another network: if it answers there, a firewall drops this server's address: tell the "
            "people who run {host}, with this transcript."
        ),
        Owner.OTHER_SERVER,
    ),
    Outcome.NO_ROUTE: OutcomeMessage(
        Verdict.PROBLEM,
        N_("cannot be reached: {failure}"),
        N_("The network says that there is no way from {source} to {address}."),
        N_("Check the routes of this server (`ip route get {address}`), then ask the data centre."),
        Owner.ADDRESS,
    ),
    Outcome.BLOCKED_HERE: OutcomeMessage(
        Verdict.PROBLEM,
        N_("not tried: this server does not let the connection out"),
        N_("A rule on this server itself forbids the connection ({failure})."),
        N_("Look at the firewall of this server (CSF, nftables, iptables) for rules on outgoing port 25."),
        Owner.SERVER,
    ),
    Outcome.NO_SOURCE: OutcomeMessage(
        Verdict.PROBLEM,
        N_("not tried: {source} is not an address of this server"),
        N_("Mail that is to leave from {source} cannot leave, because no network card has that address."),
        N_("Correct the address in /etc/mailips, or put it back on the server."),
        Owner.SERVER,
    ),
    Outcome.RESET: OutcomeMessage(
        Verdict.PROBLEM,
        N_("cuts the connection off at {stage}"),
        N_("The connection was reset, which a firewall or an overloaded server does."),
        N_("Try again later; if it stays, tell the people who run {host}, with this transcript."),
        Owner.OTHER_SERVER,
    ),
    Outcome.CLOSED: OutcomeMessage(
        Verdict.PROBLEM,
        N_("hangs up at {stage} without a reply"),
        N_("The server closed the connection in the middle of the conversation."),
        N_("Try again later; if it stays, tell the people who run {host}, with this transcript."),
        Owner.OTHER_SERVER,
    ),
    Outcome.NO_ANSWER: OutcomeMessage(
        Verdict.UNKNOWN,
        N_("no reply to {stage} within {seconds} s"),
        N_(
            "The connection stands, but the server keeps silent longer than we wait; "
            "Exim itself waits 5 minutes, so mail may still pass, slowly."
        ),
        N_("Run it again with a longer --timeout to see whether a reply comes at all."),
    ),
    Outcome.TOO_SLOW: OutcomeMessage(
        Verdict.PROBLEM,
        N_("no reply to {stage} within {seconds} s"),
        N_("The connection stands, but the server keeps silent for longer than a sender waits."),
        _ASK_OPERATORS,
        Owner.OTHER_SERVER,
    ),
    Outcome.NOT_SMTP: OutcomeMessage(
        Verdict.PROBLEM,
        N_("does not speak SMTP"),
        N_("What answers on port 25 is no mail server: {failure}."),
        N_(
            "Check that the MX record names the right host; tell the people who run {host}, with this "
            "transcript."
        ),
        Owner.OTHER_SERVER,
    ),
    Outcome.NULL_SENDER_REJECTED: OutcomeMessage(
        Verdict.PROBLEM,
        N_("rejects the empty sender: {reply}"),
        N_(
            "Every mail server has to take mail from the empty sender (RFC 5321 section 4.5.5): bounces and "
            "sender verification use it."
        ),
        _ASK_OPERATORS,
        Owner.OTHER_SERVER,
    ),
    Outcome.TLS_BROKEN: OutcomeMessage(
        Verdict.PROBLEM,
        N_("the TLS handshake fails: {failure}"),
        N_("The server offers STARTTLS, but the handshake does not come to an end."),
        _ASK_OPERATORS,
        Owner.OTHER_SERVER,
    ),
    Outcome.REDIRECTED: OutcomeMessage(
        Verdict.PROBLEM,
        N_("the connection never left: this server answered itself"),
        N_("The banner is this server's own ({reply}), so outgoing connections to port 25 are turned round."),
        N_("Look for SMTP_REDIRECT in CSF and SMTP Restrictions in WHM; neither should hit root or Exim."),
        Owner.SERVER,
    ),
    Outcome.OUT_OF_TIME: OutcomeMessage(
        Verdict.UNKNOWN,
        N_("not finished: the time was up at {stage}"),
        N_("The check ran out of time before the server had answered."),
        N_("Run it again with a longer --timeout."),
    ),
    Outcome.LEFT_ALONE: OutcomeMessage(
        Verdict.UNKNOWN,
        N_("not tried: {failure}"),
        N_("Such an address is no mail host of the Internet: whoever asks finds himself there, or nobody."),
    ),
    Outcome.FAILED: OutcomeMessage(
        Verdict.UNKNOWN,
        N_("could not be tried: {failure}"),
        N_("The operating system gave an error that says nothing about the mail host."),
        N_("See the message; try again."),
    ),
}


def message_of(end: End, attempt: SmtpAttempt) -> OutcomeMessage:
    """Return the message for the end of an attempt."""
    if isinstance(end, Outcome):
        return MESSAGES[end]
    about, verdict = facts(end), verdict_of(end, attempt)
    assert verdict is not None
    return OutcomeMessage(verdict, N_("{cause}: {reply}"), about.meaning, about.todo, about.owner)


def cause_of(end: End) -> str:
    """Return what a refusal is about, a text for `gettext`; "" for another end."""
    return facts(end).title if isinstance(end, RefusalClass) else ""


PORT_25_BLOCKED = OutcomeMessage(
    Verdict.PROBLEM,
    N_("not reached: outgoing port 25 is blocked"),
    N_("No connection to port 25 of anybody comes about from {source}, so this says nothing about {host}."),
    N_("See Outgoing port 25."),
    Owner.ADDRESS,
)
NO_IPV6 = OutcomeMessage(
    Verdict.ADVISORY,
    N_("not reached over IPv6"),
    N_("No connection over IPv6 comes about here; Exim goes on with the IPv4 addresses."),
    N_("Nothing, if this server is to have no IPv6; otherwise repair its IPv6 route."),
    Owner.NOBODY,
)
OWN_UNREACHED = OutcomeMessage(
    Verdict.UNKNOWN,
    N_("no connection: {failure}"),
    N_("It says nothing of what others meet there: behind NAT the own public address is often out of reach."),
    N_("Test this server's own answers with mxverdict check {domain}."),
)
NO_POSTMASTER = OutcomeMessage(
    Verdict.ADVISORY,
    N_("works, but has no postmaster: {reply}"),
    N_(
        "The way there works; only the mailbox that every mail domain should have (RFC 5321 section 4.5.1) "
        "does not exist."
    ),
    N_("Name a real recipient with --to to be sure."),
    Owner.OTHER_SERVER,
)
