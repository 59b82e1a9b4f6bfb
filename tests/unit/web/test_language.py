"""Which language a browser gets."""

from __future__ import annotations

import pytest

from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.i18n.negotiation import preferred
from mxverdict.whm.frame import DELEGATED
from tests.unit.web.cgi import call


@pytest.mark.parametrize(
    "accepted, tag",
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("DE", "de"),
        ("de;q=0", "en"),
        ("de;q=x", "en"),
        ("de;level=1", "en"),
        ("*", "en"),
        (",;=,", "en"),
        ("en;q=0.3,de;q=0.7", "de"),
        ("x" * 10_000 + ",de", "en"),
    ],
)
def test_the_language_it_likes_best(accepted: str, tag: str) -> None:
    assert preferred(accepted) == tag


def test_a_page_in_german_says_so(host: Host) -> None:
    page = call(host, "view=explain", HTTP_ACCEPT_LANGUAGE="de")
    assert '<html lang="de">' in page.body
    assert '<html lang="en">' in call(host, "view=explain").body


def test_a_refusal_is_kept_in_english_whoever_is_refused(host: Host) -> None:
    bob = {"as_level": DELEGATED, "REMOTE_USER": "bob", "HTTP_ACCEPT_LANGUAGE": "de"}
    assert "Das erfordert root-Rechte in WHM." in call(host, "view=settings", **bob).body
    assert "This needs root privileges in WHM." in host.audit.read_text()
    denied = Message("{target} is not a domain of your accounts.", target="x.example")
    log.record(host, Actor("bob", "web"), "refused", result=denied)
    told = call(host, "view=history", **bob).body
    assert "Das erfordert root-Rechte in WHM." in told
    assert "x.example ist keine Domain Ihrer Konten." in told
    told = call(host, "view=history", as_level=DELEGATED, REMOTE_USER="bob").body
    assert "x.example is not a domain of your accounts." in told
