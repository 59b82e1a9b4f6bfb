"""What is said about each outcome of the telnet ladder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from mxverdict.findings import Owner, Verdict
from mxverdict.i18n.catalog import marked
from mxverdict.judge.outbound.outcome import Outcome


@dataclass(frozen=True)
class OutcomeMessage:
    """`text` is the row, `why` one sentence, all of them for `gettext` and with `{placeholders}` (see
    `judge.ladder`)."""

    verdict: Verdict
    text: str
    why: str
    todo: str = ""
    owner: Optional[Owner] = None


LEVELS = {
    Verdict.PROBLEM: "error",
    Verdict.ADVISORY: "warning",
    Verdict.UNKNOWN: "unknown",
    Verdict.OK: "ok",
}
_TELL = marked("Tell the people who run {host}, with this transcript.")

WORDS: dict[Outcome, OutcomeMessage] = {
    Outcome.ACCEPTED: OutcomeMessage(
        Verdict.OK, marked("accepts the recipient"), marked("Every step was answered with yes.")
    ),
    Outcome.REFUSED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("refuses the connection"),
        marked(
            "The host answered, and nothing listens on its port 25, or a firewall in front of it says no."
        ),
        marked(
            "Check that the MX record names the right host; tell the people who run {host}, with this "
            "transcript."
        ),
        Owner.OTHER_SERVER,
    ),
    Outcome.TIMED_OUT: OutcomeMessage(
        Verdict.PROBLEM,
        marked("does not answer: no connection within {seconds} s"),
        marked("Packets to this host vanish on the way: it is down, or a firewall drops them."),
        marked(
            "Try from another network: if it answers there, a firewall drops this server's address: tell the "
            "people who run {host}, with this transcript."
        ),
        Owner.OTHER_SERVER,
    ),
    Outcome.NO_ROUTE: OutcomeMessage(
        Verdict.PROBLEM,
        marked("cannot be reached: {failure}"),
        marked("The network says that there is no way from {source} to {address}."),
        marked("Check the routes of this server (`ip route get {address}`), then ask the data centre."),
        Owner.ADDRESS,
    ),
    Outcome.BLOCKED_HERE: OutcomeMessage(
        Verdict.PROBLEM,
        marked("not tried: this server does not let the connection out"),
        marked("A rule on this server itself forbids the connection ({failure})."),
        marked(
            "Look at the firewall of this server (CSF, nftables, iptables) for rules on outgoing port 25."
        ),
        Owner.SERVER,
    ),
    Outcome.NO_SOURCE: OutcomeMessage(
        Verdict.PROBLEM,
        marked("not tried: {source} is not an address of this server"),
        marked("Mail that is to leave from {source} cannot leave, because no network card has that address."),
        marked("Correct the address in /etc/mailips, or put it back on the server."),
        Owner.SERVER,
    ),
    Outcome.RESET: OutcomeMessage(
        Verdict.PROBLEM,
        marked("cuts the connection off at {stage}"),
        marked("The connection was reset, which a firewall or an overloaded server does."),
        marked("Try again later; if it stays, tell the people who run {host}, with this transcript."),
        Owner.OTHER_SERVER,
    ),
    Outcome.CLOSED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("hangs up at {stage} without a reply"),
        marked("The server closed the connection in the middle of the conversation."),
        marked("Try again later; if it stays, tell the people who run {host}, with this transcript."),
        Owner.OTHER_SERVER,
    ),
    Outcome.NO_ANSWER: OutcomeMessage(
        Verdict.UNKNOWN,
        marked("no reply to {stage} within {seconds} s"),
        marked(
            "The connection stands, but the server keeps silent longer than we wait; "
            "Exim itself waits 5 minutes, so mail may still pass, slowly."
        ),
        marked("Run it again with a longer --timeout to see whether a reply comes at all."),
    ),
    Outcome.TOO_SLOW: OutcomeMessage(
        Verdict.PROBLEM,
        marked("no reply to {stage} within {seconds} s"),
        marked("The connection stands, but the server keeps silent for longer than a sender waits."),
        _TELL,
        Owner.OTHER_SERVER,
    ),
    Outcome.NOT_SMTP: OutcomeMessage(
        Verdict.PROBLEM,
        marked("does not speak SMTP"),
        marked("What answers on port 25 is no mail server: {failure}."),
        marked(
            "Check that the MX record names the right host; tell the people who run {host}, with this "
            "transcript."
        ),
        Owner.OTHER_SERVER,
    ),
    Outcome.TURNED_AWAY: OutcomeMessage(
        Verdict.PROBLEM,
        marked("turns {source} away at the connection: {reply}"),
        marked("The server refuses this address whatever the mail is, so it has this address on a list."),
        marked("Look {source} up in the blocklists, check its PTR, and follow the reply's own words."),
        Owner.SERVER,
    ),
    Outcome.BUSY: OutcomeMessage(
        Verdict.ADVISORY,
        marked("puts {source} off at {stage}: {reply}"),
        marked("The server says that it has no time now; Exim tries again by itself."),
        marked(
            "If it stays for hours, look {source} up in the blocklists: some servers put listed addresses "
            "off."
        ),
        Owner.SERVER,
    ),
    Outcome.NAME_REJECTED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("rejects the name {helo}: {reply}"),
        marked("The server does not like the name that this server introduces itself with."),
        marked("Make {helo} resolve to {source} and {source} back to {helo}."),
        Owner.SERVER,
    ),
    Outcome.SENDER_REJECTED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("rejects the sender {sender}: {reply}"),
        marked("The server takes no mail from this sender."),
        marked("Follow the reply's own words; check SPF and the blocklists for the sender's domain."),
        Owner.SERVER,
    ),
    Outcome.NULL_SENDER_REJECTED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("rejects the empty sender: {reply}"),
        marked(
            "Every mail server has to take mail from the empty sender (RFC 5321 section 4.5.5): bounces and "
            "sender verification use it."
        ),
        _TELL,
        Owner.OTHER_SERVER,
    ),
    Outcome.SENDER_NOT_VERIFIED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("could not verify the sender {sender}: {reply}"),
        marked(
            "The server checks that the sender's address exists, for which it looks up the MX of the "
            "sender's domain or calls it, and that failed."
        ),
        marked(
            "Check that {sender} exists and that its MX answers strangers quickly: a delay for unknown hosts "
            "makes such a call time out. `mxverdict outbound {sender} --callback` walks the same way from "
            "here."
        ),
        Owner.SERVER,
    ),
    Outcome.UNKNOWN_USER: OutcomeMessage(
        Verdict.PROBLEM,
        marked("knows no {recipient}: {reply}"),
        marked("The way there works; the server says that this mailbox does not exist."),
        marked("Check the recipient's address."),
        Owner.OTHER_SERVER,
    ),
    Outcome.MAILBOX_FULL: OutcomeMessage(
        Verdict.PROBLEM,
        marked("the mailbox of {recipient} is full: {reply}"),
        marked("The way there works; the recipient's mailbox takes no more."),
        marked("The owner of the mailbox has to make room."),
        Owner.OTHER_SERVER,
    ),
    Outcome.RELAY_DENIED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("does not take mail for {domain}: {reply}"),
        marked("The MX record names a server that does not feel responsible for the domain."),
        marked("Correct the MX record of {domain}, or let its server accept the domain."),
        Owner.OTHER_SERVER,
    ),
    Outcome.REJECTED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("rejects the mail at RCPT: {reply}"),
        marked("The server refuses by a rule of its own, most often because of the address {source}."),
        marked("Follow the reply's own words; look {source} up in the blocklists and check its PTR."),
        Owner.SERVER,
    ),
    Outcome.GREYLISTED: OutcomeMessage(
        Verdict.ADVISORY,
        marked("greylists: {reply}"),
        marked(
            "The server puts first-time senders off and takes the mail at a later attempt, which Exim makes "
            "by itself."
        ),
        "",
        Owner.NOBODY,
    ),
    Outcome.PUT_OFF: OutcomeMessage(
        Verdict.ADVISORY,
        marked("puts the mail off at {stage}: {reply}"),
        marked("The server says that it cannot take the mail now; Exim tries again by itself."),
        marked("If it stays for hours, follow the reply's own words."),
        Owner.OTHER_SERVER,
    ),
    Outcome.TLS_REQUIRED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("wants TLS first, and TLS does not work: {reply}"),
        marked("The server takes mail over TLS alone, but no TLS connection came about."),
        _TELL,
        Owner.OTHER_SERVER,
    ),
    Outcome.TLS_BROKEN: OutcomeMessage(
        Verdict.PROBLEM,
        marked("the TLS handshake fails: {failure}"),
        marked("The server offers STARTTLS, but the handshake does not come to an end."),
        _TELL,
        Owner.OTHER_SERVER,
    ),
    Outcome.CONTENT_REJECTED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("refuses the message: {reply}"),
        marked("Sender and recipient were accepted, the message itself was not."),
        marked("Follow the reply's own words; check SPF, DKIM and DMARC of the sender's domain."),
        Owner.SERVER,
    ),
    Outcome.REDIRECTED: OutcomeMessage(
        Verdict.PROBLEM,
        marked("the connection never left: this server answered itself"),
        marked(
            "The banner is this server's own ({reply}), so outgoing connections to port 25 are turned round."
        ),
        marked(
            "Look for SMTP_REDIRECT in CSF and SMTP Restrictions in WHM; neither should hit root or Exim."
        ),
        Owner.SERVER,
    ),
    Outcome.OUT_OF_TIME: OutcomeMessage(
        Verdict.UNKNOWN,
        marked("not finished: the time was up at {stage}"),
        marked("The check ran out of time before the server had answered."),
        marked("Run it again with a longer --timeout."),
    ),
    Outcome.LEFT_ALONE: OutcomeMessage(
        Verdict.UNKNOWN,
        marked("not tried: {failure}"),
        marked(
            "Such an address is no mail host of the Internet: whoever asks finds himself there, or nobody."
        ),
    ),
    Outcome.FAILED: OutcomeMessage(
        Verdict.UNKNOWN,
        marked("could not be tried: {failure}"),
        marked("The operating system gave an error that says nothing about the mail host."),
        marked("See the message; try again."),
    ),
}

PORT_25_BLOCKED = OutcomeMessage(
    Verdict.PROBLEM,
    marked("not reached: outgoing port 25 is blocked"),
    marked(
        "No connection to port 25 of anybody comes about from {source}, so this says nothing about {host}."
    ),
    marked("See Outgoing port 25."),
    Owner.ADDRESS,
)
NO_IPV6 = OutcomeMessage(
    Verdict.ADVISORY,
    marked("not reached over IPv6"),
    marked("No connection over IPv6 comes about here; Exim goes on with the IPv4 addresses."),
    marked("Nothing, if this server is to have no IPv6; otherwise repair its IPv6 route."),
    Owner.NOBODY,
)
OWN_UNREACHED = OutcomeMessage(
    Verdict.UNKNOWN,
    marked("no connection: {failure}"),
    marked(
        "It says nothing of what others meet there: behind NAT the own public address is often out of reach."
    ),
    marked("Test this server's own answers with mxverdict check {domain}."),
)
NO_POSTMASTER = OutcomeMessage(
    Verdict.ADVISORY,
    marked("works, but has no postmaster: {reply}"),
    marked(
        "The way there works; only the mailbox that every mail domain should have (RFC 5321 section 4.5.1) "
        "does not exist."
    ),
    marked("Name a real recipient with --to to be sure."),
    Owner.OTHER_SERVER,
)
