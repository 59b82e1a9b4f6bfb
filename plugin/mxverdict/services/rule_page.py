"""The page of a rule: what a finding's identifier means, from the registry, the explanations and the rows of
the testers."""

from __future__ import annotations

from dataclasses import dataclass

from mxverdict.i18n.catalog import gettext as _
from mxverdict.rules import RULES
from mxverdict.rules.explanations import explanation_of
from mxverdict.testers.printed import PrintedRow, printed_about


@dataclass(frozen=True)
class RulePage:
    """Texts are in the current language, but for `source` and `see`, which name sections of standards and
    documents. `prints` is empty where no tester prints a row about the rule."""

    id: str
    title: str
    checks: str
    purpose: str
    steps: tuple[str, ...]
    prints: tuple[PrintedRow, ...]
    false_positive: str
    todo: str
    source: str
    see: tuple[str, ...]


def rule_page(rule: str) -> RulePage:
    """Return the page of a rule. Raises KeyError for an identifier that is not registered."""
    known, text = RULES[rule], explanation_of(rule)
    return RulePage(
        id=rule,
        title=_(known.title),
        checks=_(known.checks),
        purpose=_(text.purpose),
        steps=tuple(map(_, text.steps)),
        prints=printed_about(rule),
        false_positive=_(text.false_positive),
        todo=_(text.todo),
        source=known.source,
        see=text.see,
    )


def rules_named(text: str) -> tuple[str, ...]:
    """Return the identifiers that `text` names: one itself, a title, or the name of a tester's row, in any
    letter case."""
    wanted = text.strip().casefold()
    if wanted in RULES:
        return (wanted,)
    return tuple(
        rule
        for rule, known in RULES.items()
        if wanted == known.title.casefold()
        or any(wanted in row.row.casefold().split(", ") for row in printed_about(rule))
    )
