"""Judges what an SPF record says of senders: of anybody, and of this server's own addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mxverdict.evidence.policy import Policy
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.mailauth.spf.evaluate import Outcome
from mxverdict.mailauth.spf.record import Record
from mxverdict.mailauth.spf.tree import Table, Tree
from mxverdict.net.special_ranges import is_public

CATEGORY = "spf"
LINES = 8
"""Lines of evidence that a finding shows at most."""
SHOWN = 500
"""Characters of a record that a line shows at most."""
REFUSED = N_(
    "Receivers refuse the whole record (permerror, RFC 7208), as if it were wrong for every address."
)


_NOT_ALLOWED = {
    "fail": N_("The record forbids mail from this address; many receivers refuse it."),
    "softfail": N_("The record calls mail from this address suspect; it often lands in the spam folder."),
}
_UNDECIDED = N_("The record does not say that this address may send; receivers trust its mail less.")


@dataclass(frozen=True)
class SpfCase:
    """One record with what it leads to, and what it says of strangers and of this server's own addresses."""

    policy: Policy
    answers: Table
    record: Record
    tree: Tree
    strangers: tuple[Outcome, ...]
    own: tuple[tuple[str, Outcome], ...]

    @property
    def domain(self) -> str:
        return self.policy.domain

    @property
    def covers_own(self) -> bool:
        return bool(self.own) and all(outcome.result == "pass" for address, outcome in self.own)


def judge_senders(case: SpfCase, addresses: Sequence[str]) -> tuple[Finding, ...]:
    """Findings that no tester prints: whom the record allows. `addresses` are those of this server."""
    return (
        *_everybody(case),
        *(_own(case, address, outcome) for address, outcome in case.own),
        *_private(case.policy, addresses),
        *_unanswered(case),
    )


def _everybody(case: SpfCase) -> list[Finding]:
    passing = [outcome for outcome in case.strangers if outcome.result == "pass" and not outcome.needs]
    if not passing:
        return []
    row = Row(
        "spf.strangers", N_("SPF allows everybody"), "error", passing[0].term[:SHOWN], CATEGORY, case.domain
    )
    proof = tuple(dict.fromkeys(_decided(outcome) for outcome in passing))
    why = _("The record allows mail of this domain from any address, so spam in its name counts as genuine.")
    return [Finding(row, Verdict.PROBLEM, why, proof, _('End the record with "~all" or "-all".'), Owner.ZONE)]


def _own(case: SpfCase, address: str, outcome: Outcome) -> Finding:
    """Whether the record allows mail from one address of this server."""
    name = N_("SPF for this server")
    proof = tuple(filter(None, (f"{address}: {outcome.result}", _decided(outcome))))
    if outcome.needs or outcome.result == "temperror":
        row = Row(
            "spf.server",
            name,
            "unknown",
            _("{address} could not be checked").format(address=address),
            CATEGORY,
            case.domain,
        )
        lacking = tuple(
            _("not looked up: {name} {kind}").format(name=needed, kind=kind)
            for needed, kind in outcome.needs[:LINES]
        )
        why = _("Not everything that the record leads to could be read.")
        return Finding(
            row, Verdict.UNKNOWN, why, (*filter(None, (translate(outcome.why)[:SHOWN],)), *lacking)
        )
    if outcome.result == "pass":
        row = Row(
            "spf.server", name, "ok", _("{address} is allowed").format(address=address), CATEGORY, case.domain
        )
        return Finding(row, Verdict.OK, _("The record allows the mail that this server sends."), proof)
    row = Row(
        "spf.server",
        name,
        "error",
        _("{address} is not allowed ({result})").format(address=address, result=outcome.result),
        CATEGORY,
        case.domain,
    )
    if case.record.text.lower().split()[1:] == ["-all"]:
        why = _("The domain says that it sends no mail at all; if that is so, nothing is wrong.")
        return Finding(row, Verdict.ADVISORY, why, proof, owner=Owner.ZONE)
    if outcome.result == "permerror":
        why = _("Mail from {address} cannot pass.").format(address=address)
        why = f"{why} {_(REFUSED)}"
        return Finding(
            row, Verdict.PROBLEM, why, proof, _("Correct the record (see its other rows)."), Owner.ZONE
        )
    why = _(_NOT_ALLOWED.get(outcome.result, _UNDECIDED))
    mechanism = f"ip{6 if ':' in address else 4}:{address}"
    todo = _('Add {mechanism} in front of "all", if this server sends the domain\'s mail.').format(
        mechanism=mechanism
    )
    return Finding(row, Verdict.PROBLEM, why, proof, todo, Owner.ZONE)


def _private(policy: Policy, addresses: Sequence[str]) -> list[Finding]:
    hidden = [address for address in addresses if not is_public(address)]
    if not hidden:
        return []
    row = Row(
        "spf.server",
        N_("SPF for this server"),
        "unknown",
        _("{addresses} not checked").format(addresses=", ".join(hidden)),
        CATEGORY,
        policy.domain,
    )
    why = _("A private address is not the one that receivers see.")
    return [Finding(row, Verdict.UNKNOWN, why)]


def _unanswered(case: SpfCase) -> list[Finding]:
    errors = tuple(translate(answer.error) for answer in case.policy.spf if answer.error)
    lines = (*filter(None, (translate(case.policy.cut),)), *errors)
    if not lines:
        return []
    row = Row(
        "spf.answers",
        N_("SPF look-ups"),
        "unknown",
        _("not all of them were answered"),
        CATEGORY,
        case.domain,
    )
    why = _("Some of what the record leads to could not be read; the rows above rest on the rest.")
    return [Finding(row, Verdict.UNKNOWN, why, tuple(line[:SHOWN] for line in lines[:LINES]))]


def _decided(outcome: Outcome) -> str:
    """Return the term that gave the result, or why there is none."""
    if not outcome.term:
        return translate(outcome.why)[:SHOWN]
    return _("{term} in the record of {domain}").format(term=outcome.term[:SHOWN], domain=outcome.domain)
