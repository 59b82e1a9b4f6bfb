"""Every answer has headers and an end, whatever was asked for and wherever it is broken off."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from mxverdict.web.app import application
from mxverdict.web.jobs import queue
from mxverdict.web.routes import VIEWS
from mxverdict.web.tasks import checks
from mxverdict.whm.frame import ROOT, Frame
from tests.unit.web.cgi import call, exchange
from tests.unit.web.conftest import Checked


@pytest.mark.parametrize("part", ["", "rows", "x"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("view", sorted(VIEWS))
def test_a_part_that_a_view_does_not_have_is_the_whole(host: Host, view: str, method: str, part: str) -> None:
    query = f"view={view}&part={part}&format=text&domain=shop.example"
    answer = call(host, query, REQUEST_METHOD=method)
    assert answer.status in (200, 404)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert method == "GET" or not answer.body


@pytest.mark.parametrize("query", ["view=domain", "view=history&job={job}"])
def test_whm_that_tells_no_owners_any_more_is_said_within_the_page(host: Host, query: str) -> None:
    job = queue.start_with_handle(host, lambda _handle: "", checks.domain_job("shop.example"), "shop.example")
    page = call(host, query.format(job=job), as_level="delegated", REMOTE_USER="alice")
    assert page.status == 200
    assert 'role="alert"><strong>WHM does not tell which domains are yours' in page.body
    assert not (host.state / "web.log").exists()


def test_a_refusal_that_cannot_be_shown_is_an_incident(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the template is gone")

    monkeypatch.setattr("mxverdict.web.pages.refused.show", broken)
    page = call(host, "view=nothing")
    assert page.status == 500
    assert "incident" in page.body
    assert "the template is gone" in (host.state / "web.log").read_text()


HEADER, FOOTER = "<html><body><main>", "</main><footer></footer></body></html>"


class Framed(Frame):
    header, footer = HEADER, FOOTER


def pieces(host: Host, query: str, frame: type[Frame] = Framed) -> list[str]:
    variables = {"REQUEST_METHOD": "GET", "QUERY_STRING": query}
    _status, _headers, body = exchange(host, b"", variables, frame(0, -1, b"", level=ROOT, framed=True))
    return [piece.decode() for piece in body]


def unclosed(html: str) -> list[str]:
    """Elements that do not end as often as they begin."""
    begun = re.findall(r"<([a-z0-9]+)(?![^<>]*/>)", html)
    void = {"link", "meta", "input", "br"}
    return sorted(tag for tag in {*begun} - void if begun.count(tag) != html.count(f"</{tag}>"))


def broken(*_: object, **__: object) -> Any:
    raise RuntimeError("broken")


@pytest.mark.parametrize("view", ["main", "domain", "explain", "testers", "log", "history", "settings"])
def test_whms_header_is_sent_before_the_page_is_drawn(host: Host, view: str) -> None:
    header, top, *rest, footer = pieces(host, f"view={view}")
    assert (header, footer) == (HEADER, FOOTER)
    assert top.startswith("<link rel=")
    assert len(rest) == (2 if view in ("main", "testers") else 1)
    assert unclosed("".join([header, top, *rest, footer])) == []


@pytest.mark.parametrize("view", ["main", "testers"])
def test_what_is_waited_for_is_said_before_the_check(
    host: Host, checks: list[Callable[[Host], Checked]], view: str
) -> None:
    sent: list[str] = []

    def check(_host: Host) -> Checked:
        sent.append("checked")
        raise RuntimeError("broken")

    checks.append(check)
    variables = {"QUERY_STRING": f"view={view}", "REMOTE_USER": "root", ROOT_VARIABLE: str(host.root)}
    for piece in application(variables, lambda *_: None):
        sent.append(piece.decode())
    place = sent.index("checked")
    assert "Asking this server" in "".join(sent[:place])
    assert "incident" in "".join(sent[place:])


@pytest.mark.parametrize("frame", [Framed, Frame])
@pytest.mark.parametrize(
    "view, place",
    [
        ("history", "mxverdict.web.pages.page_state.load_page_state"),
        ("history", "mxverdict.web.views.templating.moment"),
        ("settings", "mxverdict.testers.load"),
        ("main", "mxverdict.web.pages.page_state.load_page_state"),
        ("main", "mxverdict.services.check.run"),
        ("main", "mxverdict.web.pages.home.windows_view"),
        ("main", "mxverdict.web.views.templating.moment"),
        ("testers", "mxverdict.services.check.run"),
    ],
)
def test_a_page_ends_well_wherever_it_is_broken_off(
    host: Host, monkeypatch: pytest.MonkeyPatch, view: str, place: str, frame: type[Frame]
) -> None:
    monkeypatch.setattr(place, broken)
    page = "".join(pieces(host, f"view={view}", frame))
    assert unclosed(page) == []
    assert re.search(
        r'<div id="mxverdict-content"[^>]*>[^\0]*\n<p role="alert">.*incident.*</p>\n</div>', page
    )
    assert page.endswith(FOOTER if frame is Framed else "</html>\n")
    assert '<nav aria-label="Pages of MX Verdict">' in page


def test_templates_that_are_broken_leave_the_incident_and_whms_footer(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxverdict.web.pages.render.jinja_environment", broken)
    page = "".join(pieces(host, "view=history"))
    assert re.search(rf"^{HEADER}\n<p role=.alert.>.*incident.*</p>\n{FOOTER}$", page)
