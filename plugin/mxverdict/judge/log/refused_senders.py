"""Whose mail was refused because the sender address did not verify, and whether anybody has to act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxverdict.evidence.traffic import RefusedSender, Traffic
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _

NAME = N_("Sender verification")
REPEATED = 3
"""From so many temporary refusals of one group on, the fault is not passing."""
DOMAINS = 3
"""Domains whose names did not resolve before this server's own resolver is the suspect."""
_LISTED = 10

CAUSES = {
    "timeout": N_("the callout to the sender's mail host timed out"),
    "unreachable": N_("the sender's mail host could not be reached"),
    "lookup": N_("the name servers of the sender's domain did not answer"),
    "loop": N_("the domain's MX is this server, which does not take mail for it"),
    "domain": N_("the domain takes no mail, or there is no such mailbox"),
    "rejected": N_("the sender's mail host refuses the address or the question"),
    "deferred": N_("the sender's mail host put the callout off"),
    "other": N_("see what Exim said"),
}
"""The reason as a text, by the keys of `evidence.traffic.CAUSES`."""

_BYPASS = N_(
    "If mail of these senders is wanted, let the address skip sender verification: WHM, Exim "
    "Configuration Manager, Access Lists, Sender verification bypass IP addresses. It will not be "
    "delayed any more either."
)


def judge_refused_senders(traffic: Traffic) -> tuple[Finding, ...]:
    """Return one finding for each kind of fault that needs attention, or one that says all is well."""
    if traffic.read_from is None:
        why = _("The log holds no line that tells the time.")
        return (_finding("log.sender.verification", Verdict.UNKNOWN, _("no log to judge it by"), why),)
    found = tuple(_findings(traffic.refused))
    if found:
        return found
    text = _refusals(traffic.refused_total)
    why = _("Nothing wanted seems to be kept out: who was refused has no address that mail could go back to.")
    return (
        _finding(
            "log.sender.verification",
            Verdict.OK,
            text,
            why if traffic.refused_total else _("No sender failed to verify."),
        ),
    )


def _findings(refused: Sequence[RefusedSender]) -> Iterator[Finding]:
    stuck = [
        one
        for one in refused
        if one.cause in ("timeout", "unreachable", "deferred")
        and one.deferred >= REPEATED
        and not accepted_later(one)
    ]
    if stuck:
        yield _finding(
            "log.sender.deferral",
            Verdict.ADVISORY,
            ngettext(
                "{count} sender put off again and again",
                "{count} senders put off again and again",
                len(stuck),
            ).format(count=len(stuck)),
            _(
                "Exim could not ask the senders' mail hosts whether these addresses exist, so it puts their "
                "mail off until the other side gives up."
            ),
            stuck,
            _(_BYPASS),
        )
    hosts = [one for one in refused if one.cause == "rejected" and one.passed and one.count >= REPEATED]
    if hosts:
        yield _finding(
            "log.sender.rejection",
            Verdict.ADVISORY,
            ngettext(
                "{count} sender refused at times, taken at others",
                "{count} senders refused at times, taken at others",
                len(hosts),
            ).format(count=len(hosts)),
            _(
                "Mail of these domains comes from the same hosts with sender addresses that their own mail "
                "hosts deny, as notices from no-reply addresses often have."
            ),
            hosts,
            _(_BYPASS),
        )
    unresolved = [one for one in refused if one.cause == "lookup"]
    count = len({one.domain for one in unresolved})
    if count >= DOMAINS:
        yield _finding(
            "log.sender.lookup",
            Verdict.ADVISORY,
            ngettext(
                "{count} sender domain could not be looked up",
                "{count} sender domains could not be looked up",
                count,
            ).format(count=count),
            _("So many domains at once point at the resolver that this server uses rather than at theirs."),
            unresolved,
            _("See whether the name servers in /etc/resolv.conf answer, quickly and always."),
        )
    loops = [one for one in refused if one.cause == "loop"]
    if loops:
        yield _finding(
            "log.sender.loop",
            Verdict.ADVISORY,
            ngettext(
                "{count} sender whose MX is this server, which does not know the domain",
                "{count} senders whose MX is this server, which does not know the domain",
                len(loops),
            ).format(count=len(loops)),
            _(
                "Mail to and from such a domain fails here: it has moved away and its MX was left behind, "
                "or its entry in /etc/localdomains or /etc/remotedomains is missing."
            ),
            loops,
            _(
                "If the domain belongs here, set its Email Routing again; if not, its owner should change "
                "the MX."
            ),
        )


def accepted_later(one: RefusedSender) -> bool:
    """Whether mail of the domain came from that host after the last refusal."""
    return one.passed_at is not None and one.passed_at >= one.last


def _refusals(count: int) -> str:
    if not count:
        return _("nobody was refused")
    return ngettext("{count} refusal", "{count} refusals", count).format(count=count)


def _line(one: RefusedSender) -> str:
    if one.name:
        line = ngettext(
            "{domain} from {host} [{address}]: {count} time, the last: {text}",
            "{domain} from {host} [{address}]: {count} times, the last: {text}",
            one.count,
        )
    else:
        line = ngettext(
            "{domain} from a host without a name [{address}]: {count} time, the last: {text}",
            "{domain} from a host without a name [{address}]: {count} times, the last: {text}",
            one.count,
        )
    return line.format(
        domain=one.domain or _("(no domain)"),
        host=one.name,
        address=one.address,
        count=one.count,
        text=one.text,
    )


def _finding(
    rule: str, verdict: Verdict, text: str, why: str, groups: Sequence[RefusedSender] = (), todo: str = ""
) -> Finding:
    evidence = tuple(_line(one) for one in groups[:_LISTED])
    return Finding(
        Row(rule, NAME, verdict.level, text, "log"),
        verdict,
        why,
        evidence,
        todo,
        Owner.SERVER if todo else None,
    )
