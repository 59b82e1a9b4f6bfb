"""Judges the names this server gives itself: in its banner, and in the HELO of the mail it sends."""

from __future__ import annotations

from collections.abc import Iterable

from mxverdict.evidence import Evidence, Target
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.judge.server.sender_identity import judge_outgoing
from mxverdict.judge.smtp.ground_truth import GroundTruth, ptr_line, truth_of

BANNER = N_("Name in the banner")


def judge_names(evidence: Evidence) -> tuple[Finding, ...]:
    """Return findings about the banner and about the names of outgoing mail, each once."""
    found = [_banner(target, truth_of(target, evidence)) for target in evidence.targets]
    found += [finding for one in evidence.outgoing for finding in judge_outgoing(one)]
    return tuple(dict.fromkeys(found))


def _banner(target: Target, truth: GroundTruth) -> Finding:
    """Judge by the strict rule: the first word of the banner, the name of the server (RFC 5321 section 4.2),
    is a PTR of the address and resolves back to it. The tester is content with a PTR anywhere in the
    banner."""
    first = (truth.greeting or "").split(maxsplit=1)[:1]
    word = first[0] if first else ""
    lines = (
        _("first word of the banner: {word}").format(word=word)
        if word
        else _("first word of the banner: unknown"),
        ptr_line(truth),
    )
    if truth.greeting is None or truth.ptr_error:
        row = Row("smtp.banner.name", BANNER, "unknown", _("not told"), host=target.address)
        reason = truth.ptr_error or truth.probe_failure
        return Finding(row, Verdict.UNKNOWN, _("The banner or the PTR could not be read."), (reason,))
    if _same(word, truth.ptr_names):
        return _same_name(word, target, truth, lines)
    row = Row("smtp.banner.name", BANNER, "warning", word, host=target.address)
    if truth.ptr_in_greeting:
        why = _(
            "The PTR stands somewhere in the banner, which contents testers; its first word is another name."
        )
        todo = _("Let the banner begin with the PTR name (smtp_banner in WHM, Advanced Editor).")
        return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.SERVER)
    why = _("The banner gives another name than the PTR of the address.")
    if not truth.ptr_names:
        why = _("{address} has no name (PTR) that the banner could agree with.").format(
            address=target.address
        )
    todo = _("Have the PTR of {address} set to {name}.").format(
        address=target.address, name=word or truth.hostname
    )
    return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ADDRESS)


def _same_name(word: str, target: Target, truth: GroundTruth, lines: tuple[str, ...]) -> Finding:
    if truth.forward_confirmed:
        row = Row("smtp.banner.name", BANNER, "ok", word, host=target.address)
        why = _("The banner begins with the very name of the address, and the name leads back to it.")
        return Finding(row, Verdict.OK, why, lines)
    if truth.forward_confirmed is None:
        row = Row("smtp.banner.name", BANNER, "unknown", word, host=target.address)
        return Finding(row, Verdict.UNKNOWN, _("Whether the name leads back could not be looked up."), lines)
    row = Row("smtp.banner.name", BANNER, "warning", word, host=target.address)
    why = _("The banner's name is the PTR of {address}, but does not lead back to it.")
    if word.lower().rstrip(".") in {name.lower().rstrip(".") for name in truth.dangling}:
        why = _("The banner's name is the PTR of {address}, but does not resolve: it has no address.")
    why = why.format(address=target.address)
    todo = _("Add an address record for {name} that points to {address}.").format(
        name=word, address=target.address
    )
    return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE)


def _same(word: str, names: Iterable[str]) -> bool:
    return word.lower().rstrip(".") in {name.lower().rstrip(".") for name in names}
