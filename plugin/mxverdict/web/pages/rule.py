"""The page of a rule: what a row is about, how it is checked, when it is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.rules import RULES
from mxverdict.web.http.request import Request
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell


def show(host: Host, request: Request, shell: Shell) -> Iterator[str]:
    """The rule that `id` names, all rules without one."""
    from mxverdict.services.rule_page import rule_page

    rule = request.query.get("id", "")
    page = rule_page(rule) if rule else None
    yield shell.top(page.title if page else _("All checks"))
    state = page_state.load_page_state(host, request)
    content = shell.render("rule.html", page=page) if page else shell.render("rules.html", groups=_groups())
    yield shell.page(content, here="rule", state=state, data=state.data)


def _groups() -> list[list[tuple[str, str]]]:
    """Return identifiers with titles, in groups by the first part."""
    groups = groupby(sorted(RULES), key=lambda name: name.partition(".")[0])
    return [[(name, _(RULES[name].title)) for name in names] for _group, names in groups]
