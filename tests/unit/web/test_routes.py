"""The tables of views and actions: a page is one entry, and what is in no table is refused to everyone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mxverdict.host import Host
from mxverdict.web import entry, routes
from mxverdict.web.http import csrf
from mxverdict.web.routes import ACTIONS, BOTH, ROOT_ALONE, VIEWS, View
from mxverdict.whm.frame import DELEGATED, NONE, ROOT
from tests.unit.web import made_up_page
from tests.unit.web.cgi import SESSION, call, post
from tests.unit.web.made_up_page import SENTENCE, TITLE

_LINK = '<a href="?view=made-up" aria-current="page">Made up</a>'


def add(monkeypatch: pytest.MonkeyPatch, levels: Sequence[str]) -> None:
    target = f"{made_up_page.__name__}:show"
    monkeypatch.setitem(VIEWS, "made-up", View(target, tuple(levels), "Refused: it", TITLE))


def test_a_new_page_is_one_entry(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(host, "view=made-up").status == 404
    add(monkeypatch, ROOT_ALONE)
    page = call(host, "view=made-up")
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
    assert SENTENCE in page.body
    assert _LINK in page.body
    assert f"<title>{TITLE} · MX Verdict</title>" in page.body
    assert call(host, "view=made-up", REQUEST_METHOD="HEAD").body == ""
    assert post(host, "view=made-up", {}).status == 405


@pytest.mark.parametrize("level", [DELEGATED, NONE])
def test_whoever_is_not_in_the_entry_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    add(monkeypatch, ROOT_ALONE)
    page = call(host, "view=made-up", as_level=level, REMOTE_USER="bob")
    assert page.status == 403
    assert SENTENCE not in page.body
    assert "view=made-up" not in page.body
    assert "<b>Refused: it</b>" in call(host, "view=history").body


def test_an_entry_for_resellers_lets_them_in(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, BOTH)
    page = call(host, "view=made-up", as_level=DELEGATED, REMOTE_USER="bob")
    assert (page.status, _LINK in page.body) == (200, True)
    assert call(host, "view=made-up", as_level=NONE, REMOTE_USER="bob").status == 403


@pytest.mark.parametrize("level, status", [(ROOT, 404), (DELEGATED, 404), (NONE, 403)])
@pytest.mark.parametrize("name", [*VIEWS])
def test_a_view_that_is_not_in_the_table_is_nobodys(
    host: Host, monkeypatch: pytest.MonkeyPatch, name: str, level: str, status: int
) -> None:
    monkeypatch.delitem(VIEWS, name)
    assert call(host, f"view={name}", as_level=level, REMOTE_USER="bob").status == status


@pytest.mark.parametrize("level, status", [(ROOT, 404), (DELEGATED, 404), (NONE, 403)])
@pytest.mark.parametrize("name", [*ACTIONS])
def test_an_action_that_is_not_in_the_table_is_nobodys(
    host: Host, monkeypatch: pytest.MonkeyPatch, name: str, level: str, status: int
) -> None:
    monkeypatch.delitem(ACTIONS, name)
    form = {"token": csrf.make_token(host, "bob", SESSION)}
    assert post(host, f"action={name}", form, as_level=level, REMOTE_USER="bob").status == status
    assert not (host.state / "jobs").exists()


@pytest.mark.parametrize("level", [ROOT, DELEGATED, NONE])
def test_an_entry_for_nobody_is_refused_to_root_too(
    host: Host, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    add(monkeypatch, ())
    assert call(host, "view=made-up", as_level=level, REMOTE_USER="bob").status == 403


@pytest.mark.parametrize("name, view", VIEWS.items())
def test_each_view_leads_to_functions(name: str, view: View) -> None:
    for target in filter(None, (view.target, view.part, view.form, view.reseller)):
        assert callable(routes.load(target)), name


@pytest.mark.parametrize("name, action", ACTIONS.items())
def test_each_action_leads_to_functions(name: str, action: routes.Action) -> None:
    for target in filter(None, (action.target, action.form)):
        assert callable(routes.load(target)), name


def test_whm_is_asked_for_a_frame_where_there_is_one() -> None:
    bare = {f"view={name}" for name, view in VIEWS.items() if not view.framed}
    assert set(entry.WITHOUT_FRAME) == {"static=", *bare}
