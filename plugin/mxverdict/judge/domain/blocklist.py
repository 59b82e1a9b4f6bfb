"""Judges what blocklists answered: listed, not listed, or an answer that is not worth anything today.

A listing counts only when the list proves itself: it holds the entry that every list must hold and lacks the
one that none may hold (RFC 5782 section 5).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.blocklist import (
    CLEAN_ENTRY,
    CLEAN_ENTRY_6,
    LISTED_ENTRY,
    LISTED_ENTRY_6,
    BlocklistEvidence,
    ListAnswer,
)
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.testers import row_texts
from mxverdict.testers.blocklists import Blocklist, load

CATEGORY = "blacklist"
NAME = N_("Blocklists")
_LISTED_RANGE = ipaddress.ip_network("127.0.0.0/8")
_OWN_RESOLVER = N_(
    "Let this server use a DNS resolver of its own (unbound or BIND on this machine, forwarding to nobody), "
    "then check again; until then ask the lists' own pages."
)


@dataclass(frozen=True)
class _State:
    """What the test entries say about a list: `kind` is `sound`, `refuses`, `silent`, `dead` (lacks the entry
    that it must hold) or `wild` (lists what nobody lists); `reason` is the proof."""

    kind: str
    reason: str


def judge_blocklists(
    evidence: BlocklistEvidence, lists: Optional[Sequence[Blocklist]] = None
) -> tuple[Finding, ...]:
    """Return one finding for each listing (real or not), then one for each address that sums up the lists it
    is not on, and one for each reason why lists could not be believed. `lists` are those that were asked."""
    known = {entry.zone: entry for entry in (load().lists if lists is None else lists)}
    found = [
        finding
        for answer in evidence.answers
        if answer.zone in known
        for finding in [_listing(evidence, known[answer.zone], answer)]
        if finding is not None
    ]
    clean = [_clean(evidence, list(known.values()), address) for address in evidence.addresses]
    states = {zone: _state(evidence, entry) for zone, entry in known.items()} if evidence.addresses else {}
    return (
        *found,
        *(finding for finding in clean if finding is not None),
        *_refusing(evidence, [known[zone] for zone, state in states.items() if state.kind == "refuses"]),
        *_unproven(evidence, known, states),
        *_not_asked(evidence),
    )


def judge_named(evidence: BlocklistEvidence, name: str, address: str) -> Finding:
    """Judge a tester's row that `address` is listed by `name` (title or zone)."""
    catalogue = load()
    known = catalogue.named(name)
    if known is not None:
        return _now(evidence, known, address)
    row = Row("blocklist.listed", name, "error", "LISTED", CATEGORY, address)
    dead = catalogue.dead_named(name)
    if dead is not None:
        why = _("That list is dead: {ended}. No receiver can be told anything by it.")
        why = why.format(ended=_(dead.ended))
        proof = (_("source: {source}").format(source=dead.source),)
        return Finding(row, Verdict.FALSE_POSITIVE, why, proof, owner=Owner.NOBODY)
    closed = catalogue.closed_named(name)
    if closed is not None:
        why = _("This server cannot ask that list: {reason}.").format(reason=_(closed.why))
        return Finding(row, Verdict.UNKNOWN, why, todo=_lookup_hint(closed.page))
    why = _("It is none of the lists that we know, so few receivers will use it; it was not asked.")
    return Finding(row, Verdict.UNKNOWN, why, todo=_("Ask it on its own page, which the tester links to."))


def _now(evidence: BlocklistEvidence, known: Blocklist, address: str) -> Finding:
    answer = next((a for a in evidence.answers if (a.zone, a.address) == (known.zone, address)), None)
    if answer is None:
        why = _("That list was not asked about this address.")
        return Finding(_row(known, address, "unknown", _("not asked")), Verdict.UNKNOWN, why)
    finding = _listing(evidence, known, answer)
    if finding is not None:
        return finding
    state = _state(evidence, known)
    if answer.error or answer.codes or state.kind != "sound":
        why = _("{list} could not be asked now.").format(list=known.title)
        reason = translate(answer.error) or _codes(known, answer.codes) or state.reason
        row = _row(known, address, "unknown", _("no usable answer"))
        return Finding(row, Verdict.UNKNOWN, why, (reason,), _lookup_hint(known.removal))
    texts = row_texts.load(CATEGORY).get(known.title)
    row = (
        texts.passes(address)
        if texts
        else Row("blocklist.listed", known.title, "ok", "OK", CATEGORY, address)
    )
    why = _("{list} does not list the address now.").format(list=known.title)
    return Finding(row, Verdict.OK, why)


def _lookup_hint(page: str) -> str:
    return _("Look the address up at {page}").format(page=page)


def _listing(evidence: BlocklistEvidence, known: Blocklist, answer: ListAnswer) -> Optional[Finding]:
    """Return the finding for an answer that looks like a listing; None for every other answer."""
    codes = tuple(code for code in answer.codes if not known.refuses(code))
    if not codes:
        return None
    state = _state(evidence, known)
    row = _row(known, answer.address, "error", "LISTED", answer.reasons)
    proof = (
        _("{zone} answers {codes}").format(zone=known.zone, codes=_codes(known, codes)),
        *(_("its reason: {reason}").format(reason=reason) for reason in answer.reasons),
    )
    foreign = [code for code in codes if ipaddress.ip_address(code) not in _LISTED_RANGE]
    if foreign:
        why = _("{code} is no blocklist's answer (those lie in 127.0.0.0/8): the zone has another owner.")
        why = why.format(code=foreign[0])
        return Finding(row, Verdict.FALSE_POSITIVE, why, proof, owner=Owner.BLOCKLIST)
    if state.kind in ("wild", "dead"):
        why = _("The list is not in order, so its answer means nothing: {reason}.").format(
            reason=state.reason
        )
        return Finding(row, Verdict.FALSE_POSITIVE, why, proof, owner=Owner.BLOCKLIST)
    if state.kind != "sound":
        why = _("The list answered for this address, but gave no proof that it is in order: {reason}.")
        why = why.format(reason=state.reason)
        return Finding(row, Verdict.UNKNOWN, why, proof, _lookup_hint(known.removal))
    todo = f"{_(known.hint)} {known.removal}".strip()
    owner = Owner.ADDRESS if known.about_network else Owner.SERVER
    if known.importance == "low":
        why = _("The address is on the list, but hardly a receiver refuses mail for it.")
        return Finding(row, Verdict.ADVISORY, why, proof, todo, owner)
    why = (
        _("The address is on the list, and many receivers refuse mail for it.")
        if known.importance == "high"
        else _("The address is on the list, and some receivers refuse mail for it.")
    )
    todo = _("Stop the cause (a hacked account or site, see Exim's log), then: {todo}").format(todo=todo)
    return Finding(row, Verdict.PROBLEM, why, proof, todo, owner)


def _clean(evidence: BlocklistEvidence, known: Iterable[Blocklist], address: str) -> Optional[Finding]:
    """Return one finding on the lists that are in order and do not list the address."""
    not_listing = [
        entry
        for entry in known
        for answer in evidence.answers
        if (answer.zone, answer.address) == (entry.zone, address)
        and not answer.error
        and not answer.codes
        and _state(evidence, entry).kind == "sound"
    ]
    if not not_listing:
        return None
    text = ngettext(
        "not listed by {count} blocklist", "not listed by {count} blocklists", len(not_listing)
    ).format(count=len(not_listing))
    unproven = [entry.title for entry in not_listing if not _proves_version(evidence, entry, address)]
    reason = [_("not listed by {lists}").format(lists=_titles(not_listing)), _asked_through(evidence)]
    if unproven:
        less = _("without an IPv6 test entry, so with less certainty: {lists}")
        reason.append(less.format(lists=", ".join(unproven)))
    row = Row("blocklist.listed", NAME, "ok", text, CATEGORY, address)
    why = _("These lists are in order and do not list the address.")
    return Finding(row, Verdict.OK, why, tuple(reason))


def _refusing(evidence: BlocklistEvidence, refusing: Sequence[Blocklist]) -> list[Finding]:
    if not refusing:
        return []
    catalogue = load()
    named = [
        _("{address} is a public resolver ({operator})").format(
            address=address, operator=catalogue.public_resolvers[address]
        )
        for address in evidence.resolvers
        if address in catalogue.public_resolvers
    ]
    why = _("These lists do not answer the DNS resolver that this server uses; that is no listing.")
    reason = [
        f"{entry.title}: {_state(evidence, entry).reason}. {_(entry.access)}".rstrip() for entry in refusing
    ]
    text = _("refused by {lists}").format(lists=_titles(refusing))
    row = Row("blocklist.resolver", NAME, "unknown", text, CATEGORY, ", ".join(evidence.addresses))
    proof = (*reason, _asked_through(evidence), *named)
    return [Finding(row, Verdict.UNKNOWN, why, proof, _(_OWN_RESOLVER), Owner.SERVER)]


def _unproven(
    evidence: BlocklistEvidence, known: dict[str, Blocklist], states: dict[str, _State]
) -> list[Finding]:
    """Return findings on the lists that gave no usable answer, apart from those that refuse."""
    silent = {zone: state.reason for zone, state in states.items() if state.kind == "silent"}
    for answer in evidence.answers:
        if states.get(answer.zone) == _SOUND and _unanswered(known[answer.zone], answer):
            reason = translate(answer.error) or _codes(known[answer.zone], answer.codes)
            silent.setdefault(answer.zone, f"{answer.address}: {reason}")
    reported = {answer.zone for answer in evidence.answers if answer.codes}
    broken = {
        zone: state.reason
        for zone, state in states.items()
        if state.kind in ("dead", "wild") and zone not in reported
    }
    hosts = ", ".join(evidence.addresses)
    findings = []
    if silent:
        text = _("no answer from {lists}").format(lists=_titles(known[zone] for zone in silent))
        row = Row("blocklist.answer", NAME, "unknown", text, CATEGORY, hosts)
        why = _("These lists gave no answer; whether they list the address is not known.")
        proof = (*(f"{known[zone].title}: {text}" for zone, text in silent.items()), _asked_through(evidence))
        todo = _("Check again later, or ask the lists' own pages: {pages}")
        todo = todo.format(pages=_pages(known[zone] for zone in silent))
        findings.append(Finding(row, Verdict.UNKNOWN, why, proof, todo))
    picky = {zone: reason for zone, reason in broken.items() if known[zone].access}
    if picky:
        why = _("These lists fail the test that every list must pass; they may not answer this resolver.")
        ask = _("Or ask their own pages: {pages}").format(pages=_pages(known[zone] for zone in picky))
        todo = " ".join([*(_(known[zone].access) for zone in picky), ask])
        row, proof = _out_of_order(evidence, known, picky)
        findings.append(Finding(row, Verdict.UNKNOWN, why, proof, todo, Owner.SERVER))
    ended = {zone: reason for zone, reason in broken.items() if zone not in picky}
    if ended:
        why = _(
            "These lists fail the test that every list must pass: nobody can tell anything by them today."
        )
        row, proof = _out_of_order(evidence, known, ended)
        findings.append(Finding(row, Verdict.ADVISORY, why, proof, owner=Owner.BLOCKLIST))
    return findings


def _out_of_order(
    evidence: BlocklistEvidence, known: dict[str, Blocklist], broken: dict[str, str]
) -> tuple[Row, tuple[str, ...]]:
    text = _("not in order: {lists}").format(lists=_titles(known[zone] for zone in broken))
    row = Row("blocklist.controls", NAME, "unknown", text, CATEGORY, ", ".join(evidence.addresses))
    proof = (*(f"{known[zone].title}: {reason}" for zone, reason in broken.items()), _asked_through(evidence))
    return row, proof


def _not_asked(evidence: BlocklistEvidence) -> list[Finding]:
    if not evidence.not_asked:
        return []
    row = Row("blocklist.coverage", NAME, "unknown", _("not asked"), CATEGORY, ", ".join(evidence.not_asked))
    why = _("Blocklists know public addresses alone; these are private, so receivers see another one.")
    return [Finding(row, Verdict.UNKNOWN, why, todo=_("Name the public address as a target."))]


_SOUND = _State("sound", "")


def _state(evidence: BlocklistEvidence, known: Blocklist) -> _State:
    entries = {answer.address: answer for answer in evidence.controls if answer.zone == known.zone}
    answers = [answer for answer in evidence.answers if answer.zone == known.zone]
    for answer in (*entries.values(), *answers):
        refusals = [code for code in answer.codes if known.refuses(code)]
        if refusals and (answer.address in entries or len(refusals) == len(answer.codes)):
            return _State("refuses", _codes(known, refusals))
    for entry in (CLEAN_ENTRY, CLEAN_ENTRY_6):
        if entry in entries and entries[entry].codes:
            reason = _("it lists {entry}, which no list may hold ({code})")
            return _State("wild", reason.format(entry=entry, code=entries[entry].codes[0]))
    listed, clean = entries.get(LISTED_ENTRY), entries.get(CLEAN_ENTRY)
    if listed is None or clean is None:
        return _State("silent", _("its test entries were not asked for"))
    if listed.error or clean.error:
        return _State("silent", translate(listed.error or clean.error))
    if not listed.codes:
        return _State("dead", _("it lacks {entry}, which every list must hold").format(entry=LISTED_ENTRY))
    return _SOUND


def _proves_version(evidence: BlocklistEvidence, known: Blocklist, address: str) -> bool:
    if ":" not in address:
        return True
    return any(a.codes for a in evidence.controls if (a.zone, a.address) == (known.zone, LISTED_ENTRY_6))


def _unanswered(known: Blocklist, answer: ListAnswer) -> bool:
    return bool(answer.error or (answer.codes and all(known.refuses(code) for code in answer.codes)))


def _row(known: Blocklist, address: str, level: str, text: str, details: tuple[str, ...] = ()) -> Row:
    texts = row_texts.load(CATEGORY).get(known.title)
    if level == "error" and texts is not None:
        return texts.fails(address, details=details)
    return Row("blocklist.listed", known.title, level, text, CATEGORY, address, details)


def _codes(known: Blocklist, codes: Iterable[str]) -> str:
    meanings = ((code, _(known.meaning(code)) or _("of no known meaning")) for code in codes)
    return ", ".join(f"{code} ({meaning})" for code, meaning in meanings)


def _titles(lists: Iterable[Blocklist]) -> str:
    return ", ".join(entry.title for entry in lists)


def _pages(lists: Iterable[Blocklist]) -> str:
    return ", ".join(dict.fromkeys(entry.removal for entry in lists))


def _asked_through(evidence: BlocklistEvidence) -> str:
    if not evidence.resolvers:
        return _("asked through no resolver")
    return _("asked through {resolvers}").format(resolvers=", ".join(evidence.resolvers))
