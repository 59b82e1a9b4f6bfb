"""The conclusion of the outbound test: does the mail, or a callback, get through?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from mxverdict.evidence.outbound import OutboundEvidence, Source
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.outbound.outcome import CALLOUT_TIMEOUT, NO_CONNECTION, End, Outcome, verdict_of
from mxverdict.refusals import RefusalClass

_UNFINISHED = {Outcome.NO_ANSWER, Outcome.OUT_OF_TIME, Outcome.LEFT_ALONE, Outcome.FAILED}
_NOWHERE = {
    "missing": (
        N_("the domain does not exist"),
        N_("The DNS knows no such domain, so mail to it comes back."),
    ),
    "null": (
        N_("the domain takes no mail"),
        N_("Its MX record says so (null MX, RFC 7505)."),
    ),
    "none": (
        N_("the domain has no mail host"),
        N_("It has neither an MX record nor an address."),
    ),
}

_ENDS: dict[str, tuple[Verdict, str, str, str, Optional[Owner]]] = {
    "failing": (
        Verdict.PROBLEM,
        N_("does not get through"),
        N_("No mail host takes it; what each of them says stands below."),
        N_("Begin with the first of them: senders try it first."),
        None,
    ),
    "unclear": (
        Verdict.UNKNOWN,
        N_("is refused for an unclear reason"),
        N_("A mail host refuses or defers it, and its reply does not say why in words that are known."),
        N_("Read the reply; run the test again in an hour."),
        None,
    ),
    "unfinished": (
        Verdict.UNKNOWN,
        N_("not finished"),
        N_("Too little came back in the time to say whether a mail host takes it."),
        N_("Run it again with a longer --timeout."),
        None,
    ),
    "own": (
        Verdict.UNKNOWN,
        N_("stays on this server"),
        N_("The mail host is this server: Exim delivers without the network, if it takes the domain."),
        "",
        None,
    ),
    "waiting": (
        Verdict.ADVISORY,
        N_("is put off for now"),
        N_("The mail hosts say that they take it later; Exim tries again by itself."),
        "",
        Owner.NOBODY,
    ),
    "no_postmaster": (
        Verdict.ADVISORY,
        N_("reaches the mail host"),
        N_("The way to the domain's mail host works; only a postmaster is not known there."),
        N_("Name a real recipient with --to to try the last step."),
        None,
    ),
}
"""What the best a source comes to means, the worst first; its texts are for `gettext`."""


def conclude(outbound: OutboundEvidence, outcomes: Sequence[End]) -> Finding:
    """Return the conclusion. `outcomes` are those of the attempts, in their order; `outbound` has a
    domain."""
    route = outbound.route
    assert route is not None
    if route.kind == "unknown":
        why = _("The DNS gave no answer: {error}.").format(error=translate(route.error))
        return _untried(outbound, why)
    if route.kind in _NOWHERE:
        text, why = _NOWHERE[route.kind]
        return _finding(outbound, Verdict.PROBLEM, _(text), _(why), "", Owner.ZONE)
    if not outbound.climbs:
        return _without_attempts(outbound)
    if set(outcomes) == {Outcome.LEFT_ALONE}:
        why = _("None of its mail hosts has a public address, so nobody outside can reach them.")
        return _finding(outbound, Verdict.UNKNOWN, _("was not tried"), why, "", Owner.ZONE)
    ends = {source: _best(source, outbound, outcomes) for source in _tried(outbound)}
    worst = next(end for end in (*_ENDS, "accepted") if end in ends.values())
    if worst == "accepted":
        return _works(outbound, outcomes)
    verdict, text, why, todo, owner = _ENDS[worst]
    bad = [source.address for source, end in ends.items() if end == worst]
    shown = _(text)
    if len(bad) < len(ends):
        shown = _("{outcome} from {addresses}").format(outcome=shown, addresses=", ".join(bad))
    return _finding(outbound, verdict, shown, _(why), _(todo), owner)


def _works(outbound: OutboundEvidence, outcomes: Sequence[End]) -> Finding:
    if outbound.purpose != "callback":
        why = _("A mail host of the domain takes the mail.")
        return _finding(outbound, Verdict.OK, _("gets through"), why)
    waits = [
        stage.seconds
        for attempt, outcome in zip(outbound.climbs, outcomes)
        if outcome is Outcome.ACCEPTED
        for stage in attempt.stages
    ]
    if max(waits, default=0.0) > CALLOUT_TIMEOUT:
        why = _(
            "The longest wait was {maximum} s; Exim gives a callout {seconds} s a step unless told "
            "otherwise, cPanel 60 s."
        ).format(maximum=f"{max(waits):.0f}", seconds=f"{CALLOUT_TIMEOUT:.0f}")
        return _finding(outbound, Verdict.ADVISORY, _("works, but slowly"), why, "", Owner.OTHER_SERVER)
    why = _("A mail host of the sender's domain confirms the address.")
    return _finding(outbound, Verdict.OK, _("works"), why)


def _without_attempts(outbound: OutboundEvidence) -> Finding:
    assert outbound.route is not None
    if any(host.errors for host in outbound.route.hosts):
        return _untried(outbound, _("The addresses of its mail hosts could not be looked up."))
    if any(host.addresses for host in outbound.route.hosts):
        why = _("The mail hosts have addresses of another kind (IPv4 or IPv6) than this server sends from.")
        return _finding(outbound, Verdict.PROBLEM, _("has no way there"), why, "", Owner.OTHER_SERVER)
    why = _("The MX records lead to names without any address.")
    todo = _("Correct the MX records of the domain.")
    return _finding(outbound, Verdict.PROBLEM, _("the mail hosts have no address"), why, todo, Owner.ZONE)


def _untried(outbound: OutboundEvidence, why: str) -> Finding:
    todo = _("Check the resolver of this server, then try again.")
    return _finding(outbound, Verdict.UNKNOWN, _("could not be tried"), why, todo, Owner.SERVER)


def _best(source: Source, outbound: OutboundEvidence, outcomes: Sequence[End]) -> str:
    """Return the best that mail from one source comes to at any mail host."""
    ended = [(end, attempt) for attempt, end in zip(outbound.climbs, outcomes) if attempt.source == source]
    reached = {end for end, _attempt in ended}
    verdicts = {verdict_of(end, attempt) for end, attempt in ended}
    if Outcome.ACCEPTED in reached:
        return "accepted"
    if RefusalClass.RECIPIENT_UNKNOWN in reached and not outbound.recipient_chosen:
        return "no_postmaster"
    if Verdict.ADVISORY in verdicts:
        return "waiting"
    if any(c.own and o in NO_CONNECTION and c.source == source for c, o in zip(outbound.climbs, outcomes)):
        return "own"
    if Verdict.UNKNOWN in verdicts:
        return "unclear"
    return "unfinished" if reached & _UNFINISHED else "failing"


def _tried(outbound: OutboundEvidence) -> list[Source]:
    return [
        source for source in outbound.sources if any(attempt.source == source for attempt in outbound.climbs)
    ]


def _finding(
    outbound: OutboundEvidence,
    verdict: Verdict,
    text: str,
    why: str,
    todo: str = "",
    owner: Optional[Owner] = None,
) -> Finding:
    callback = outbound.purpose == "callback"
    name = N_("Callback") if callback else N_("Outgoing mail")
    rule = "outbound.callback" if callback else "outbound.delivery"
    row = Row(rule, name, verdict.level, text, "outbound", outbound.recipient)
    return Finding(row, verdict, why, tuple(map(translate, outbound.skipped)), todo, owner)
