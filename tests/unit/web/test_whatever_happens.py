"""Every answer has headers and an end, whatever was asked for and wherever it is broken off."""

from __future__ import annotations

import pytest

from mxverdict.host import Host
from mxverdict.web import checks, jobs
from mxverdict.web.rights import VIEWS
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
    job = jobs.start_at_desk(host, lambda _desk: "", checks.domain_job("shop.example"), "shop.example")
    page = call(host, query.format(job=job), as_level="delegated", REMOTE_USER="alice")
    assert page.status == 200
    assert 'role="alert"><strong>WHM does not tell which domains are yours' in page.body
    assert not (host.state / "web.log").exists()


def test_a_refusal_that_cannot_be_shown_is_an_incident(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the template is gone")

    monkeypatch.setattr("mxverdict.web.page.show_refusal", broken)
    page = call(host, "view=nothing")
    assert page.status == 500
    assert "incident" in page.body
    assert "the template is gone" in (host.state / "web.log").read_text()
