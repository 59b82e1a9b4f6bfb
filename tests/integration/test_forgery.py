"""Requests that no page of ours sends: forged, replayed, bent and malformed. None of them changes anything or
shows what is not theirs."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional
from urllib.parse import urlencode

import pytest

from mxverdict.web import routes
from tests.privileges.asks import ASKS, REPORT_JOBS, WINDOW_JOBS, YES, Ask
from tests.privileges.people import NONE, PEOPLE, Person
from tests.privileges.world import (
    FORM,
    SETTINGS,
    Answer,
    Login,
    World,
    refused,
    sentence,
    shows_nothing_of_others,
)

pytestmark = pytest.mark.exim

SESSION = "/cpsess1234567890"
_PEOPLE = {person.name: person for person in PEOPLE}
_ROOT, _ALICE = _PEOPLE["root"], _PEOPLE["alice"]
OPEN = {"kind": "whitelist", "tester": "mxtoolbox", "minutes": "5"}


def _first_of_each() -> dict[str, Ask]:
    """One request for each view and action that root is answered."""
    asks: dict[str, Ask] = {}
    for ask in ASKS:
        if ask.root_gets == YES:
            asks.setdefault(ask.what, ask)
    return asks


EACH = _first_of_each()
ACTIONS = [what for what in EACH if what.startswith("action=")]


def post(server: World, login: Login, form: Mapping[str, str], query: str = "action=open") -> Answer:
    return server.request(login, query, form)


def test_every_action_is_tried() -> None:
    assert {what.partition("=")[2] for what in ACTIONS} == set(routes.ACTIONS)


def test_forged_tokens(server: World) -> None:
    login = server.login_of(_ROOT)
    own, other, alices = (server.token(one) for one in (login, server.log_in(_ROOT), server.login_of(_ALICE)))
    assert len({own, other, alices}) == 3
    wrong = {
        "another session of root's": other,
        "another user's": alices,
        "cut": own[:-1],
        "longer": own + "0",
        "upper case": own.upper(),
        "blank after": own + " ",
        "no ASCII": own[:-1] + "é",
        "empty": "",
        "the session's own name": login.security_token,
        "of no session": hmac.new(_secret(server), b"root\0", "sha256").hexdigest(),
        "of no user": hmac.new(_secret(server), f"\0{login.security_token}".encode(), "sha256").hexdigest(),
    }
    for what, token in wrong.items():
        answer = post(server, login, {**OPEN, "token": token})
        assert (answer.status, what) == (403, what)
        assert "nothing was changed" in sentence(answer)
    refused(post(server, login, OPEN), 403)
    refused(post(server, login, OPEN, f"action=open&token={own}"), 403)
    refused(server.request(login, "action=open", OPEN, headers={**login.headers, "X-CSRF-Token": own}), 403)
    cookie = f"{login.headers['Cookie']}; token={own}"
    refused(server.request(login, "action=open", OPEN, headers={"Cookie": cookie}), 403)


def _secret(server: World) -> bytes:
    return (server.host.state / "web-secret").read_bytes()


@pytest.mark.parametrize("what", ACTIONS)
def test_no_action_takes_the_token_of_another_session(server: World, what: str) -> None:
    other = server.token(server.log_in(_ROOT))
    answer = server.request(server.login_of(_ROOT), what, {**EACH[what].form, "token": other})
    refused(answer, 403)


@pytest.mark.parametrize("what", ACTIONS)
def test_an_action_by_get_is_no_action(server: World, what: str) -> None:
    login = server.login_of(_ROOT)
    form = urlencode({**EACH[what].form, "token": server.token(login)})
    for query in (f"{what}&{form}", f"{what}&{form}&_method=POST", f"{form}&{what}"):
        answer = server.request(
            login, query, headers={"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
        )
        refused(answer, 405)
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post", "POST ", ""])
def test_other_methods_do_nothing(server: World, method: str) -> None:
    form = urlencode({**OPEN, "token": server.token(Login(_ROOT, SESSION, {}))}).encode()
    answer = server.run("root", "action=open&_method=POST", form, session=SESSION, REQUEST_METHOD=method)
    assert answer.status == 405
    assert answer.headers["allow"] in ("POST", "GET, HEAD, POST")


@pytest.mark.parametrize(
    ("method", "user", "query", "status"),
    [
        ("HEAD", "root", "action=open", 405),
        ("HEAD", "root", "view=settings", 200),
        ("HEAD", "alice", "view=settings", 403),
        ("PUT", "root", "action=open", 405),
        ("PUT", "alice", "view=settings", 405),
    ],
)
def test_other_methods_through_the_server_do_nothing(
    server: World, method: str, user: str, query: str, status: int
) -> None:
    login = server.login_of(_PEOPLE[user])
    form = {**OPEN, "token": server.token(login)} if query.startswith("action") else None
    answer = server.request(login, query, form, method=method)
    assert (answer.status, "allow" in answer.headers) == (status, status == 405)


def test_head_asks_for_the_same_privileges(server: World) -> None:
    for query in (
        "view=settings",
        "view=domain&domain=cake.example",
        f"view=explain&job={REPORT_JOBS['carol']}",
    ):
        answer = server.run("alice", query, session=SESSION, REQUEST_METHOD="HEAD")
        assert (answer.status, answer.body) == (403, "")


def test_after_the_logout_a_token_is_worth_nothing(server: World) -> None:
    login = server.log_in(_ROOT)
    form = {**OPEN, "token": server.token(login)}
    assert server.send("GET", f"{login.security_token}/logout/", headers=login.headers).status == 302
    assert post(server, login, form).status == 401
    refused(post(server, server.log_in(_ROOT), form), 403)


def test_a_cookie_is_worth_nothing_with_the_path_of_another_session(server: World) -> None:
    root, alice = server.login_of(_ROOT), server.login_of(_ALICE)
    mixed = Login(_ALICE, root.security_token, alice.headers)
    assert post(server, mixed, {**OPEN, "token": server.token(root)}).status == 401
    without = Login(_ROOT, "", root.headers)
    assert post(server, without, {**OPEN, "token": server.token(root)}).status == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("action=open&action=close", 400),
        ("action=close&action=open", 400),
        ("action=open&view=main&view=log", 400),
        ("action=no-such&%61ction=open", 400),
        ("static=app.css&action=open", 405),
        ("action=OPEN", 404),
        ("action=open%00", 404),
        ("action=open%20", 404),
        ("action=open;action=open", 404),
        ("action=", 404),
        ("action[]=open", 405),
        ("Action=open", 405),
        ("view=main", 405),
        ("view=settings", 405),
        ("", 405),
    ],
)
def test_bent_queries_of_a_form(server: World, query: str, status: int) -> None:
    login = server.login_of(_ROOT)
    refused(post(server, login, {**OPEN, "token": server.token(login)}, query), status)


def test_a_form_that_names_a_field_twice(server: World) -> None:
    login = server.login_of(_ROOT)
    for more in (f"&token={server.token(login)}", "&minutes=6", "&kind=delay_off"):
        body = urlencode({**OPEN, "token": server.token(login)}) + more
        target = f"{login.security_token}{server.path}?action=open"
        answer = server.send("POST", target, body.encode(), {**login.headers, "Content-Type": FORM})
        refused(answer, 400)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("multipart/form-data; boundary=x", 415),
        ("application/json", 415),
        ("text/plain", 415),
        (f"{FORM}, text/plain", 415),
        (f"x-{FORM}", 415),
        ("", 415),
    ],
)
def test_other_kinds_of_bodies(server: World, kind: str, status: int) -> None:
    login = server.login_of(_ROOT)
    body = urlencode({**OPEN, "token": server.token(login)}).encode()
    target = f"{login.security_token}{server.path}?action=open"
    refused(server.send("POST", target, body, {**login.headers, "Content-Type": kind}), status)


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("10", 403),
        ("0", 403),
        (None, 403),
        ("-1", 400),
        ("+5", 400),
        ("1e2", 400),
        ("²", 400),
        ("16385", 413),
        ("9" * 30, 413),
    ],
)
def test_a_length_that_is_not_that_of_the_body(server: World, length: Optional[str], status: int) -> None:
    form = urlencode({**OPEN, "token": server.token(Login(_ROOT, SESSION, {}))}).encode()
    refused(server.run("root", "action=open", form, session=SESSION, CONTENT_LENGTH=length), status)


ODD_USERS = (
    *("ALICE", "Alice", "ROOT", "Root", " root", "root ", "root\n", "\nroot", "root\t", "alice\n", "alice "),
    *(
        "root:",
        "root/",
        "../root",
        "root,alice",
        "alice:all",
        "all",
        "*",
        "0",
        "",
        "root\u200b",
        "ｒｏｏｔ",
        "carol\r",
    ),
)


@pytest.mark.parametrize("user", ODD_USERS, ids=repr)
def test_a_name_that_is_nearly_somebodys(server: World, user: str) -> None:
    for query in ("", "view=settings", f"view=poll&job={WINDOW_JOBS['root']}"):
        answer = server.run(user, query, session=SESSION)
        refused(answer, 403)
        shows_nothing_of_others(answer)
    token = server.token(Login(Person("", "", user, NONE), SESSION, {}))
    form = urlencode({**OPEN, "token": token}).encode()
    refused(server.run(user, "action=open", form, session=SESSION), 403)


def test_without_a_name_nobody_is_let_in(server: World) -> None:
    refused(server.run("x", "", session=SESSION, REMOTE_USER=None), 403)
    with pytest.raises(ValueError, match="null byte"):
        server.run("root\0", "")


@pytest.mark.parametrize("name", ["", "no-such-token", "reading", "full\n", "FULL"])
def test_an_unknown_api_token_has_no_privileges(server: World, name: str) -> None:
    for query in ("view=settings", f"view=poll&job={WINDOW_JOBS['root']}"):
        refused(server.run("root", query, session=SESSION, WHM_API_TOKEN_NAME=name), 403)


@pytest.mark.parametrize("session", [None, ""])
def test_without_a_session_nothing_can_be_changed(server: World, session: Optional[str]) -> None:
    made_up = hmac.new(_secret(server), b"root\0", "sha256").hexdigest()
    for token in (made_up, ""):
        form = urlencode({**OPEN, "token": token}).encode()
        refused(server.run("root", "action=open", form, cp_security_token=session), 403)
    page = server.run("root", "view=settings", cp_security_token=session).body
    assert not re.search(r'name="token" value="[^"]', page)
    assert SETTINGS in page


@pytest.mark.parametrize("what", EACH)
def test_without_a_privilege_everything_is_refused(server: World, what: str) -> None:
    if what.startswith("static="):
        return
    ask, narrow = EACH[what], _PEOPLE["alice:other"]
    let_in = Person("", "", narrow.user, NONE, narrow.token, let_in=True)
    refused(server.ask(server.log_in(let_in), ask), 403)
    query = what if what.startswith("action=") else urlencode({**dict([what.split("=")]), **ask.query})
    form = urlencode({**ask.form, "token": ""}).encode() if ask.is_action else None
    refused(server.run("", query, form), 403)


HEADERS = {
    "Remote-User": "root",
    "Remote_User": "root",
    "Http-Remote-User": "root",
    "X-Remote-User": "root",
    "Cp-Security-Token": SESSION,
    "WHM-API-Token-Name": "full",
    "MXVERDICT-ROOT": "/nowhere",
    "MXVERDICT_ROOT": "/nowhere",
    "PERL5LIB": "/tmp",
    "PERL5OPT": "-Mevil",
    "PYTHONPATH": "/tmp",
    "PATH": "/tmp",
    "LD-PRELOAD": "/tmp/evil.so",
    "Proxy": "http://203.0.113.99:3128",
    "Query-String": "view=settings",
    "Request-Method": "POST",
    "X-Forwarded-User": "root",
    "Content-Type": FORM,
}


def test_headers_do_not_become_variables(server: World) -> None:
    alice = server.login_of(_ALICE)
    answer = server.request(alice, "", headers=HEADERS)
    assert (answer.status, "shop.example" in answer.body) == (200, True)
    refused(server.request(alice, "view=settings", headers=HEADERS), 403)
    bob = server.log_in(_PEOPLE["bob"])
    assert server.request(bob, "", headers=HEADERS).status == 403
    with server.everybody_let_in():
        refused(server.request(bob, "", headers=HEADERS), 403)


def test_a_poisoned_environment_makes_nobody_root(server: World, tmp_path: Path) -> None:
    """Should WHM ever hand such variables on."""
    (tmp_path / "Whostmgr").mkdir()
    evil = "package Whostmgr::ACLS; sub init_acls { 1 } sub hasroot { 1 } sub checkacl { 1 } 1;\n"
    (tmp_path / "Whostmgr/ACLS.pm").write_text(evil)
    (tmp_path / "Evil.pm").write_text(f"{evil}$INC{{'Whostmgr/ACLS.pm'}} = 1; 1;\n")
    (tmp_path / "sitecustomize.py").write_text("import os; os.environ['REMOTE_USER'] = 'root'\n")
    (tmp_path / "mxverdict.py").write_text("raise SystemExit('evil')\n")
    poison: dict[str, Any] = {
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()},
        "PERL5LIB": str(tmp_path),
        "PERL5OPT": "-MEvil",
        "PERLLIB": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
        "PYTHONSTARTUP": str(tmp_path / "sitecustomize.py"),
        "PYTHONHOME": str(tmp_path),
        "MXVERDICT_FRAME": "known",
        "HTTP_COOKIE": "whostmgrsession=root; REMOTE_USER=root",
        "REMOTE_PASSWORD": "x",
    }
    for user in ("bob", "nobody", ""):
        refused(server.run(user, "view=settings", session=SESSION, **poison), 403)
    refused(server.run("alice", "view=settings", session=SESSION, **poison), 403)
