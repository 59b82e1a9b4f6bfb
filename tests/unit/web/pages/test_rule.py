"""The pages of rules: linked from the rows, to be read without leaving WHM."""

from __future__ import annotations

import re

import pytest

from mxverdict.host import Host
from mxverdict.rules import RULES
from mxverdict.services.rule_page import rule_page
from mxverdict.whm.frame import DELEGATED, NONE, ROOT
from tests.unit.report_maker import FINDINGS
from tests.unit.web.cgi import call
from tests.unit.web.pages.test_domain import finished


@pytest.mark.parametrize("level", [ROOT, DELEGATED])
def test_a_rule_is_shown_with_every_section(host: Host, level: str) -> None:
    page = call(host, "view=rule&id=smtp.starttls", as_level=level, REMOTE_USER="bob")
    shown = rule_page("smtp.starttls")
    assert page.status == 200
    for text in (shown.checks, shown.purpose, *shown.steps, shown.false_positive, shown.todo, shown.source):
        assert text.replace('"', "&#34;").replace("'", "&#39;") in page.body
    for row in shown.prints:
        assert row.row in page.body
    assert not re.search(r'href="https?://', page.body.partition('class="rule"')[2]), "offline"


def test_a_rule_that_no_tester_prints_says_so(host: Host) -> None:
    assert "No tester prints a row about this" in call(host, "view=rule&id=mx.routing").body


def test_without_a_rule_all_are_listed(host: Host) -> None:
    linked = re.findall(r"\?view=rule&amp;id=([\w.-]+)\"", call(host, "view=rule").body)
    assert linked == sorted(RULES)


def test_what_is_no_rule_is_not_found(host: Host) -> None:
    assert call(host, "view=rule&id=smtp.nothing").status == 404
    assert call(host, "view=rule&id=../../etc/passwd").status == 404
    assert call(host, "view=rule&id=smtp.banner", as_level=NONE, REMOTE_USER="bob").status == 403


@pytest.mark.usefixtures("judged")
def test_each_row_leads_to_its_rule(host: Host) -> None:
    linked = set(re.findall(r"\?view=rule&amp;id=([\w.-]+)\"", finished(host)))
    assert {finding.id for finding in FINDINGS} <= linked
