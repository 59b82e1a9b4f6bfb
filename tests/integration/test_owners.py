"""Whose test window it is, asked with the lock held: whatever happens between a reseller's form and the
change, what root added is never seen, extended or closed by a reseller."""

from __future__ import annotations

import html
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.window import Window, open_windows
from mxverdict.window.queries import find_window
from tests.integration.test_joining import opened_by
from tests.privileges.people import PEOPLE
from tests.privileges.world import Answer, World
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

ROOTS = "198.51.100.99"
_PEOPLE = {person.name: person for person in PEOPLE}
_ASK = """
import json, sys, time
from pathlib import Path
from mxverdict.host import Host
from mxverdict.errors import MxVerdictError
from mxverdict.web.routes import ACTIONS, load
from mxverdict.web.http.visitor import Visitor
from mxverdict.whm.frame import Frame
from mxverdict.window import service, verify
verify.previews = lambda *_: {}
user, level, action, form, gate = sys.argv[1:]
exclusive = service.exclusive
def at_the_gate(*arguments):
    Path(gate + ".looked").touch()
    while not Path(gate).exists():
        time.sleep(0.01)
    return exclusive(*arguments)
if gate:
    service.exclusive = at_the_gate
host = Host.from_environment()
visitor = Visitor(host, user, "/cpsess1", Frame(0, -1, b"", level=level, framed=False))
try:
    print(load(ACTIONS[action].target)(host, visitor, json.loads(form))())
except MxVerdictError as error:
    print("refused:", error)
"""
"""What a form does in the page's process, with a gate between its looks and the lock."""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def host(box: Sandbox) -> Iterator[Host]:
    host = Host(box.root)
    host.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    allow(host)
    yield host
    for path in host.state.glob("*"):
        path.unlink()
    host.sender_verify_bypass_hosts.write_text("")


def allow(host: Host, **changes: object) -> None:
    allowed = {"schema": 1, "resellers_may_open": True, "resellers_most_minutes": 30}
    host.settings.write_text(json.dumps({**allowed, **changes}))


class Form:
    """A form of somebody's, sent to a process of its own, which waits at a gate before it takes the lock."""

    def __init__(self, box: Sandbox, user: str, action: str, gate: str = "", **form: str) -> None:
        level = "root" if user == "root" else "delegated"
        self._gate = Path(gate) if gate else None
        command = [sys.executable, "-c", _ASK, user, level, action, json.dumps(form), gate]
        self._process = box.start(command)
        while self._gate and not self._gate.with_name(f"{self._gate.name}.looked").exists():
            assert self._process.poll() is None, self.answer()
            time.sleep(0.01)

    def go_on(self) -> str:
        assert self._gate is not None
        self._gate.touch()
        return self.answer()

    def answer(self) -> str:
        said, wrong = self._process.communicate(timeout=60)
        return (said + wrong).decode().strip()


def only_window(host: Host) -> Window:
    (window,) = open_windows(host)
    return window


OPENING = {"kind": "whitelist", "tester": "mxtoolbox"}


def test_a_window_that_root_opened_meanwhile_is_not_prolonged(
    box: Sandbox, host: Host, tmp_path: Path
) -> None:
    """Root's 2 minutes became the reseller's 30."""
    alices = Form(box, "alice", "open", str(tmp_path / "gate"), **OPENING, minutes="30")
    assert "is open" in Form(box, "root", "open", kind="whitelist", address=ROOTS, minutes="2").answer()
    roots = only_window(host)
    assert alices.go_on().startswith("refused: a test window that somebody else opened is still open")
    assert only_window(host) == roots
    assert roots.minutes == 2


@pytest.mark.parametrize("action", ["extend", "close"])
def test_a_window_that_root_took_over_meanwhile_is_roots(
    box: Sandbox, host: Host, tmp_path: Path, action: str
) -> None:
    assert "is open" in Form(box, "alice", "open", **OPENING, minutes="1").answer()
    number = str(only_window(host).id)
    alices = Form(box, "alice", action, str(tmp_path / "gate"), id=number, minutes="30")
    assert "is open" in Form(box, "root", "open", kind="whitelist", address=ROOTS, minutes="2").answer()
    roots = only_window(host)
    assert (roots.id, roots.opened_by, roots.minutes) == (int(number), "root", 2)
    assert ROOTS in roots.networks
    assert alices.go_on() == f"refused: window {number} is not one that you opened"
    assert only_window(host) == roots
    assert ROOTS in host.sender_verify_bypass_hosts.read_text()


def test_many_at_once_never_prolong_what_root_added(box: Sandbox, host: Host, tmp_path: Path) -> None:
    """Root joins in the midst of a reseller's forms; whichever comes first, from then on it is root's."""
    assert "is open" in Form(box, "alice", "open", **OPENING, minutes="1").answer()
    number = str(only_window(host).id)
    gate = str(tmp_path / "gate")
    forms = [
        Form(box, "alice", "extend", gate, id=number, minutes="30"),
        Form(box, "alice", "open", gate, **OPENING, minutes="29"),
        Form(box, "alice", "close", gate, id=number),
        Form(box, "root", "open", gate, kind="whitelist", address=ROOTS, minutes="3"),
    ]
    Path(gate).touch()
    answers = [form.answer() for form in forms]
    window = only_window(host)
    assert window.opened_by == "root", answers
    assert ROOTS in window.networks
    trail = [json.loads(line) for line in host.audit.read_text().splitlines()]
    added = next(
        place for place, entry in enumerate(trail) if entry["user"] == "root" and entry["result"] != "begun"
    )
    later = {entry["action"] for entry in trail[added + 1 :] if entry["user"] == "alice"}
    assert later <= {"refuse"}, trail


@pytest.mark.parametrize("changes", [{"resellers_may_open": False}, {"resellers_most_minutes": 5}])
@pytest.mark.parametrize("action", ["open", "extend"])
def test_what_root_forbids_meanwhile_is_forbidden(
    box: Sandbox, host: Host, tmp_path: Path, action: str, changes: dict[str, object]
) -> None:
    form = {**OPENING, "minutes": "30"}
    if action == "extend":
        assert "is open" in Form(box, "alice", "open", **OPENING, minutes="1").answer()
        form = {"id": str(only_window(host).id), "minutes": "30"}
    before = open_windows(host)
    alices = Form(box, "alice", action, str(tmp_path / "gate"), **form)
    allow(host, **changes)
    assert alices.go_on().startswith("refused: the owner of this server no longer lets")
    assert open_windows(host) == before


# one after the other, through WHM


@pytest.fixture
def server(shared: World) -> Iterator[World]:
    shared.lay("quiet")
    yield shared
    shared.settle()


def act(server: World, name: str, action: str, **form: str) -> Answer:
    login = server.login_of(_PEOPLE[name])
    answer = server.request(login, f"action={action}", {"token": server.token(login), **form})
    if answer.status != 303:
        return answer
    return server.request(login, answer.headers["location"].lstrip("?"))


def everything_seen(server: World, name: str) -> str:
    """Each page of a reseller's that tells of windows."""
    login = server.login_of(_PEOPLE[name])
    queries = ("", "view=history", "view=state", "view=domain", "view=explain")
    return html.unescape(" ".join(server.request(login, query).body for query in queries))


def test_roots_join_takes_the_window_over(server: World) -> None:
    opened_by(server, "alice", 5, reason="a ticket of mine")
    mine = only_window(server.host)
    assert "a ticket of mine" in everything_seen(server, "alice")
    opened_by(server, "root", 20, address=ROOTS, tester="", reason="roots own words")
    taken = only_window(server.host)
    assert (taken.id, taken.opened_by, taken.reason) == (mine.id, "root", "roots own words")
    assert set(mine.networks) < set(taken.networks)

    seen = everything_seen(server, "alice")
    assert ROOTS not in seen
    assert "roots own words" not in seen
    assert "was opened by somebody else" in seen
    assert "The owner of this server has taken it over" in seen
    for action in ("extend", "close"):
        assert act(server, "alice", action, id=str(taken.id), minutes="30").status == 403
    again = html.unescape(opened_by(server, "alice", 30).body)
    assert "a test window that somebody else opened is still open" in again.lower()
    assert only_window(server.host) == taken

    act(server, "root", "close", id=str(taken.id))
    assert open_windows(server.host) == []
    assert server.host.sender_verify_bypass_hosts.read_text().strip() == ""
    seen = everything_seen(server, "alice")
    assert ROOTS not in seen
    closed = find_window(server.host, taken.id)
    assert closed is not None
    assert closed.state == "closed"
    opened_by(server, "alice", 5)
    assert only_window(server.host).opened_by == "alice"


def test_of_a_window_of_roots_a_reseller_learns_that_it_is_there(server: World) -> None:
    opened_by(server, "root", 5, address=ROOTS, reason="roots own words")
    seen = everything_seen(server, "alice")
    assert "was opened by somebody else" in seen
    assert ROOTS not in seen
    assert "roots own words" not in seen
