"""Every answer has headers and an end, whatever was asked for and wherever it is broken off."""

from __future__ import annotations

import io
import re

import pytest

from mxverdict.host import Host
from mxverdict.web.app import handle_request
from mxverdict.web.auth.permissions import VIEWS
from mxverdict.web.http.html_tail import closing
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import checks
from mxverdict.whm.frame import ROOT, Frame
from tests.unit.web.cgi import call


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
    job = queue.start_at_desk(host, lambda _desk: "", checks.domain_job("shop.example"), "shop.example")
    page = call(host, query.format(job=job), as_level="delegated", REMOTE_USER="alice")
    assert page.status == 200
    assert 'role="alert"><strong>WHM does not tell which domains are yours' in page.body
    assert not (host.state / "web.log").exists()


def test_a_refusal_that_cannot_be_shown_is_an_incident(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the template is gone")

    monkeypatch.setattr("mxverdict.web.pages.render.show_refusal", broken)
    page = call(host, "view=nothing")
    assert page.status == 500
    assert "incident" in page.body
    assert "the template is gone" in (host.state / "web.log").read_text()


HEADER, FOOTER = "<html><body><main>", "</main><footer></footer></body></html>"


class Framed(Frame):
    header, footer = HEADER, FOOTER


def framed(host: Host, query: str) -> str:
    out = io.BytesIO()
    environment = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "REMOTE_USER": "root"}
    handle_request(host, environment, io.BytesIO(), out, Framed(0, -1, b"", level=ROOT, framed=True))
    return out.getvalue().decode().partition("\r\n\r\n")[2]


def unclosed(html: str) -> list[str]:
    """Elements that do not end as often as they begin."""
    begun = re.findall(r"<([a-z0-9]+)(?![^<>]*/>)", html)
    void = {"link", "meta", "input", "br"}
    return sorted(tag for tag in {*begun} - void if begun.count(tag) != html.count(f"</{tag}>"))


def test_a_fault_within_a_page_leaves_whms_footer_in_its_place(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("broken")

    assert unclosed(framed(host, "view=history")) == []
    monkeypatch.setattr("mxverdict.web.views.templating.moment", broken)
    page = framed(host, "view=history")
    assert unclosed(page) == []
    assert re.search(r"</p></nav></div>\n<p role=.alert.>.*</p>\n</div></main>", page)
    assert page.endswith(FOOTER)


def test_a_page_ends_well_wherever_it_is_broken_off(host: Host) -> None:
    page = call(host, "view=settings").body
    for end in range(0, len(page), 41):
        if page.rfind("<!", 0, end) <= page.rfind(">", 0, end):
            within, around = closing(page[:end])
            assert unclosed(f"{page[:end]}{within}<p>Sorry.</p>{around}") == [], page[end - 80 : end]
