"""Answers the refusals in a pasted text: what each means, whose fault it is, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mxverdict.findings import Owner, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.pasted.model import PastedRefusal
from mxverdict.refusals import classify, refusal_verdict

_FAULTS = {
    "address": N_("the address that sends"),
    "name": N_("the name that this server introduces itself with"),
    "sender": N_("the sender's address or domain"),
    "recipient": N_("the recipient's address or mailbox"),
    "receiver": N_("the receiving server"),
    "content": N_("the message"),
    "rate": N_("how much is sent"),
    "tls": N_("missing encryption"),
    "login": N_("a missing login"),
    "greylist": N_("nothing: it is a routine of the receiver"),
    "unknown": N_("not known"),
}
_WAITING = {
    "yes": N_("yes: mail servers try again by themselves"),
    "perhaps": N_("perhaps"),
    "no": N_("no"),
}


@dataclass(frozen=True)
class RefusalAnswer:
    """Our answer to one refusal. `refusal_class`, `fault` and `waiting` are values of
    `mxverdict.refusals.table`, `title` names the class, `why` is what it means; `basis` says what it is known
    by (`text`, `status`, `hint`, `reply`, `nothing`)."""

    refusal: PastedRefusal
    refusal_class: str
    title: str
    verdict: Verdict
    fault: str
    waiting: str
    why: str
    todo: str
    owner: Owner
    basis: str

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The answer for people: names and what they have, without what is not said."""
        refusal = self.refusal
        said = (
            (_("Reply"), f"{refusal.code} {refusal.text}" if refusal.code else refusal.text),
            (_("By"), refusal.host),
            (_("Recipient"), ", ".join(refusal.recipients)),
            (_("What it means"), self.why),
            (_("Whose fault"), _(_FAULTS[self.fault])),
            (_("Does waiting help"), _(_WAITING[self.waiting])),
            (_("What to do"), self.todo),
            (_("Who can fix it"), self.owner.label),
        )
        return tuple((name, value) for name, value in said if value)


def answer_refusal(refusal: PastedRefusal) -> RefusalAnswer:
    """Return the answer; it depends on the refusal alone."""
    code = refusal.code or 550
    found = classify(code, refusal.text, refusal.stage)
    about = found.facts
    return RefusalAnswer(
        refusal,
        found.kind.value,
        _(about.title),
        refusal_verdict(found.kind, code),
        about.fault,
        about.waiting,
        _(about.meaning),
        _(about.todo),
        about.owner,
        found.basis,
    )


def refusals_sentence(answers: Sequence[RefusalAnswer]) -> str:
    """The sentence that comes first; "" without refusals."""
    if not answers:
        return ""
    titles = "; ".join(dict.fromkeys(one.title for one in answers))
    text = ngettext(
        "A mail server refuses: {causes}.", "{count} refusals of mail servers: {causes}.", len(answers)
    )
    return text.format(count=len(answers), causes=titles)
