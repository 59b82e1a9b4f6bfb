"""Each finding is about a rule, by an identifier that depends on nothing but what is checked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

import mxverdict
from mxverdict.findings import Finding, Row
from mxverdict.i18n.catalog import activate
from mxverdict.report.json import to_json
from mxverdict.rules import RULES
from mxverdict.rules.explanations import explained
from mxverdict.services.rule_page import rule_page, rules_named
from mxverdict.testers import load
from mxverdict.testers.row_texts import CATEGORIES, READ, readable
from mxverdict.testers.row_texts import load as row_texts
from tests.finding_ids import PAGE, page
from tests.rule_pages import FOLDER, pages
from tests.sandbox.server_files import REPOSITORY
from tests.unit.judged_cases import cases

PACKAGE = Path(mxverdict.__file__).parent
NOT_JUDGED = {
    "bimi.record": "a logo is no matter of mail; a pasted row is answered with that",
    "smtp.host.resolution": "the tester alone knows the name that it was given",
    "spf.length": "the tester's limit is not known",
}
"""Rules of rows in pasted reports that no finding can be about."""
_ID = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")
_GROUPS = {name.partition(".")[0] for name in RULES}


@cache
def judged() -> dict[str, tuple[Finding, ...]]:
    return {name: tuple(judge()) for name, judge in cases()}


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Each call of a function of that name in the product, with its place."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def test_identifiers_are_dotted_nouns_each_named_once() -> None:
    assert [name for name in RULES if not _ID.fullmatch(name)] == []
    tree = ast.parse((PACKAGE / "rules/registry.py").read_text(encoding="utf-8"))
    (table,) = (node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    keys = [ast.literal_eval(key) for key in table.keys if key is not None]
    assert keys == sorted(set(keys))
    assert all(rule.title and rule.checks.endswith(".") and rule.source for rule in RULES.values())
    assert (
        len({rule.title for rule in RULES.values()})
        == len({rule.checks for rule in RULES.values()})
        == len(keys)
    )


def test_a_rule_that_is_not_registered_cannot_be_used() -> None:
    with pytest.raises(ValueError, match="smtp\\.unheard"):
        Row("smtp.unheard", "A row", "ok", "text")


def test_each_row_names_a_registered_rule() -> None:
    """A variable only where the data or the caller gives the rule; what they give is looked at below."""
    wrong = []
    for place, call in calls("Row"):
        rule = call.args[0] if call.args else None
        given = isinstance(rule, ast.Constant) and rule.value in RULES
        passed_on = isinstance(rule, (ast.Name, ast.Attribute)) and ast.unparse(rule).endswith("rule")
        wrong += [] if given or passed_on else [place]
    assert wrong == []


def test_what_looks_like_an_identifier_is_registered() -> None:
    """The self-check has identifiers of its own, which are none of a finding."""
    found = set()
    for path in (PACKAGE / folder for folder in ("judge", "pasted", "report", "testers")):
        for file in path.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and _ID.fullmatch(text) and text.partition(".")[0] in _GROUPS:
                    found.add((text, "selfcheck" in file.parts))
    assert {text for text, selfcheck in found if not selfcheck} <= set(RULES)
    assert set(RULES).isdisjoint(text for text, selfcheck in found if selfcheck)


def test_the_rules_in_the_data_are_registered() -> None:
    rules = {texts.rule for category in READ for texts in readable(category).values()}
    rules |= {tester.rule for tester in load().testers if tester.report != "mxtoolbox"}
    assert rules <= set(RULES)


def test_each_rule_is_judged() -> None:
    seen = {finding.id for findings in judged().values() for finding in findings}
    assert set(RULES) - seen == set(NOT_JUDGED)


def test_identifiers_do_not_depend_on_the_language() -> None:
    def identifiers(findings: Sequence[Finding]) -> list[str]:
        return [finding.id for finding in findings]

    english = {name: identifiers(findings) for name, findings in judged().items()}
    why = [finding.why for findings in judged().values() for finding in findings]
    activate("de")
    try:
        german = {name: judge() for name, judge in cases()}
    finally:
        activate("en")
    assert {name: identifiers(findings) for name, findings in german.items()} == english
    assert [finding.why for findings in german.values() for finding in findings] != why


def test_the_same_check_has_the_same_identifier_at_each_tester() -> None:
    rules = {tester.name: tester.rule for tester in load().testers}
    assert rules["internet.nl"] == rules["checkdmarc"] == row_texts("smtp")["SMTP TLS"].rule
    for tester in load().testers:
        if tester.rule:
            for delay in (0, 100):
                assert {
                    one.row.rule
                    for one in judged()[f"{tester.name}, {delay} s"]
                    if one.row.name == tester.row
                } == {tester.rule}
    for name in ("DMARC Record Published", "DMARC Policy Not Enabled"):
        assert row_texts("mx")[name].rule == row_texts("dmarc")[name].rule


def test_different_checks_of_a_tester_have_different_identifiers() -> None:
    """Two names of one check alone share one, and the blocklists, which differ in the name of the list."""
    for category in set(CATEGORIES) - {"blacklist"}:
        names: dict[str, list[str]] = {}
        for texts in row_texts(category).values():
            names.setdefault(texts.rule, []).append(texts.name)
        assert [found for found in names.values() if len(found) > 1] == {
            "smtp": [["SMTP Transaction Time", "Headline"]],
            "dns": [
                ["DNS All Name Servers Timed Out", "DNS Lookup Timeout"],
                ["DNS Open Zone Transfer", "DNS Server Allows Zone Transfer"],
            ],
        }.get(category, [])


def test_the_identifier_is_at_the_finding() -> None:
    finding = judged()["server delayed"][0]
    data = to_json(finding)
    assert next(iter(data)) == "id"
    assert data["id"] == finding.id
    assert (REPOSITORY / data["rule"]).is_file()
    assert "rule" not in data["row"]


def sentences(texts: Iterable[str]) -> list[str]:
    return [one for text in texts for one in re.split(r"(?<=[.?!:;])\s+", text)]


def test_each_rule_has_a_page_with_every_section_and_each_page_a_rule() -> None:
    assert explained() == tuple(sorted(RULES))
    made = pages()
    for rule in RULES:
        page = rule_page(rule)
        assert page.steps, rule
        assert page.see, rule
        texts = [page.purpose, *page.steps, page.false_positive, page.todo]
        assert [text for text in texts if not re.search(r"[.:?]$", text.strip())] == [], rule
        assert page.source
        assert 25 <= len(made[f"{rule}.md"].splitlines()) <= 40, rule


def test_no_sentence_is_on_two_pages() -> None:
    """A sentence that fits two rules says too little about either."""
    found: dict[str, str] = {}
    copied = []
    for rule in RULES:
        page = rule_page(rule)
        for one in sentences([page.checks, page.purpose, *page.steps, page.false_positive, page.todo]):
            if found.setdefault(one.casefold(), rule) != rule or one.casefold() in copied:
                copied.append(one)
    assert copied == []


def test_what_a_page_is_compared_with_exists() -> None:
    """Zonemaster's test cases, as named in its specifications (github.com/zonemaster, read 2026-11-30)."""
    cases = {"ADDRESS": 3, "BASIC": 3, "CONNECTIVITY": 4, "CONSISTENCY": 6, "DELEGATION": 7, "NAMESERVER": 15}
    cases |= {"SYNTAX": 8, "ZONE": 11}
    others = ("RFC ", "Exim specification, ", "cPanel documentation, ", "docs/facts/", "draft-brand-")
    for rule in RULES:
        for one in rule_page(rule).see:
            case = re.fullmatch(r"Zonemaster ([A-Z]+)(\d\d)( \(for name servers\))?", one)
            assert (case and int(case[2]) <= cases[case[1]]) or one.startswith(others), (rule, one)


def test_each_row_of_a_tester_is_on_the_page_of_its_rule() -> None:
    for category in set(READ) - {"blacklist"}:
        for texts in readable(category).values():
            assert texts.name in [row.row for row in rule_page(texts.rule).prints]
    for tester in load().testers:
        if tester.report != "mxtoolbox":
            shown = {(row.tester, row.row) for row in rule_page(tester.rule).prints}
            assert ((tester.title, tester.row) in shown) is not tester.texts_estimated
    assert rule_page("smtp.delay.setting").prints == ()


def test_a_rule_is_found_by_identifier_title_and_row() -> None:
    assert rules_named("smtp.starttls") == rules_named(" SMTP tls ") == ("smtp.starttls",)
    assert rules_named("starttls") == ("smtp.starttls",)
    assert rules_named("spamhaus zen") == ("blocklist.listed",)
    assert set(rules_named("DNS Record Published")) == {"dmarc.record", "dns.zone", "mx.record", "spf.record"}
    assert rules_named("no such thing") == ()


def test_the_pages_are_made_from_the_rules() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert there == pages(), "make docs"


def test_the_page_is_made_from_the_rules() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make docs"
