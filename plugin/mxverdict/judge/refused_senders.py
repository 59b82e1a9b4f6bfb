"""Whose mail was refused because the sender address did not verify, and whether anybody has to act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxverdict.evidence.traffic import RefusedSender, Traffic
from mxverdict.findings import Finding, Owner, Row, Verdict

NAME = "Sender verification"
REPEATED = 3
"""Refusals of one group for the time being that are no passing trouble any more."""
DOMAINS = 3
"""Domains whose names did not resolve before this server's own resolver is the suspect."""
_LISTED = 10

CAUSES = {
    "timeout": "the callout to the sender's mail host timed out",
    "unreachable": "the sender's mail host could not be reached",
    "lookup": "the name servers of the sender's domain did not answer",
    "loop": "the domain's MX is this server, which does not take mail for it",
    "domain": "the domain takes no mail, or there is no such mailbox",
    "rejected": "the sender's mail host refuses the address or the question",
    "deferred": "the sender's mail host put the callout off",
    "other": "see what Exim said",
}
"""Why, in words; the keys are `evidence.traffic.CAUSES`."""

_BYPASS = (
    "If mail of these senders is wanted, let the address skip sender verification: WHM, Exim Configuration "
    "Manager, Access Lists, Sender verification bypass IP addresses. It will not be delayed any more either."
)


def judge_refused_senders(traffic: Traffic) -> tuple[Finding, ...]:
    """One finding for each kind of trouble that somebody should look at; one that all is well when there is
    none."""
    if traffic.read_from is None:
        why = "The log holds no line that tells the time."
        return (_finding(Verdict.UNKNOWN, "no log to judge it by", why),)
    found = tuple(_findings(traffic.refused))
    if found:
        return found
    text = f"{traffic.refused_total} refusals" if traffic.refused_total else "nobody was refused"
    why = "Nothing wanted seems to be kept out: who was refused has no address that mail could go back to."
    return (_finding(Verdict.OK, text, why if traffic.refused_total else "No sender failed to verify."),)


def _findings(refused: Sequence[RefusedSender]) -> Iterator[Finding]:
    stuck = [
        one
        for one in refused
        if one.cause in ("timeout", "unreachable", "deferred")
        and one.deferred >= REPEATED
        and not came_later(one)
    ]
    if stuck:
        yield _finding(
            Verdict.ADVISORY,
            f"{_senders(len(stuck))} put off again and again",
            "Exim could not ask the senders' mail hosts whether these addresses exist, so it puts their mail "
            "off until the other side gives up.",
            stuck,
            _BYPASS,
        )
    hosts = [one for one in refused if one.cause == "rejected" and one.passed and one.count >= REPEATED]
    if hosts:
        yield _finding(
            Verdict.ADVISORY,
            f"{_senders(len(hosts))} refused at times, taken at others",
            "Mail of these domains comes from the same hosts with sender addresses that their own mail hosts "
            "deny, as notices from no-reply addresses often have.",
            hosts,
            _BYPASS,
        )
    unresolved = [one for one in refused if one.cause == "lookup"]
    if len({one.domain for one in unresolved}) >= DOMAINS:
        yield _finding(
            Verdict.ADVISORY,
            f"{len({one.domain for one in unresolved})} sender domains could not be looked up",
            "So many domains at once point at the resolver that this server uses rather than at theirs.",
            unresolved,
            "See whether the name servers in /etc/resolv.conf answer, quickly and always.",
        )
    loops = [one for one in refused if one.cause == "loop"]
    if loops:
        yield _finding(
            Verdict.ADVISORY,
            f"{_senders(len(loops))} whose MX is this server, which does not know the domain",
            "Mail to and from such a domain fails here: it has moved away and its MX was left behind, or its "
            "entry in /etc/localdomains or /etc/remotedomains is missing.",
            loops,
            "If the domain belongs here, set its Email Routing again; if not, its owner should change the "
            "MX.",
        )


def came_later(one: RefusedSender) -> bool:
    """Whether mail of the domain came from that host after the last refusal."""
    return one.passed_at is not None and one.passed_at >= one.last


def _senders(count: int) -> str:
    return "1 sender" if count == 1 else f"{count} senders"


def _line(one: RefusedSender) -> str:
    host = f"{one.name or 'a host without a name'} [{one.address}]"
    return f"{one.domain or '(no domain)'} from {host}: {one.count} times, the last: {one.text}"


def _finding(
    verdict: Verdict, text: str, why: str, groups: Sequence[RefusedSender] = (), todo: str = ""
) -> Finding:
    level = {Verdict.OK: "ok", Verdict.ADVISORY: "warning"}.get(verdict, "unknown")
    evidence = tuple(_line(one) for one in groups[:_LISTED])
    return Finding(
        Row(NAME, level, text, "log"), verdict, why, evidence, todo, Owner.SERVER if todo else None
    )
