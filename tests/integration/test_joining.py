"""A reseller does not lengthen a window that somebody else opened by opening another beside it."""

from __future__ import annotations

import html
from collections.abc import Iterator

import pytest

from mxverdict.window import Window, open_windows
from tests.privileges.people import PEOPLE
from tests.privileges.world import Answer, World

pytestmark = pytest.mark.exim

_PEOPLE = {person.name: person for person in PEOPLE}


@pytest.fixture
def server(shared: World) -> Iterator[World]:
    shared.lay("quiet")
    yield shared
    shared.settle()


def opened_by(server: World, name: str, minutes: int, **form: str) -> Answer:
    """The page that follows."""
    login = server.login_of(_PEOPLE[name])
    asked = {
        "token": server.token(login),
        "kind": "whitelist",
        "tester": "mxtoolbox",
        "minutes": str(minutes),
    }
    answer = server.request(login, "action=open", {**asked, **form})
    return server.request(login, answer.headers["location"].lstrip("?"))


def only_window(server: World) -> Window:
    (window,) = open_windows(server.host)
    return window


def test_a_window_of_roots_stays_as_it_is(server: World) -> None:
    opened_by(server, "root", 5, address="198.51.100.7")
    before = only_window(server)
    page = opened_by(server, "alice", 30)
    assert "a test window that somebody else opened is still open" in html.unescape(page.body).lower()
    assert only_window(server) == before


def test_ones_own_is_joined_and_root_joins_any(server: World) -> None:
    opened_by(server, "alice", 5)
    opened_by(server, "alice", 20)
    assert only_window(server).minutes == 20
    opened_by(server, "root", 25)
    assert only_window(server).minutes == 25
