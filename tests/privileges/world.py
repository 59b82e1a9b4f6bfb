"""A sandbox with everybody's things in it, and requests to the page as each person sends them."""

from __future__ import annotations

import html
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import urlencode

from mxverdict.host import Host
from mxverdict.web.http import csrf
from mxverdict.web.jobs import queue
from mxverdict.window.journal import reading
from mxverdict.window.queries import find_window
from tests.privileges.asks import QUIET, TAKES_LONG, WINDOW, WORDS, Ask
from tests.privileges.people import Person
from tests.privileges.scenes import CLOSE_ALL, Scenes
from tests.sandbox import network
from tests.sandbox.box import Sandbox
from tests.sandbox.certificates import Authority
from tests.sandbox.plugin import install_plugin
from tests.sandbox.whm import cgi, ready_page
from tests.sandbox.whm.defaults import HOST_NAME, PASSWORDS, VERSION
from tests.sandbox.whm.sessions import COOKIE

SETTINGS = "?action=settings"
"""Stands on the page of the settings alone."""
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Login:
    """How requests of a person are known: by cookie and security token, or by an API token."""

    person: Person
    security_token: str
    headers: Mapping[str, str]


class World:
    """`logins` holds one login for each person who has one. Requests go through WHM to the page, which
    answers in a fork of a process that has imported it (`tests.sandbox.whm.ready_page`)."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.host = Host(box.root)
        self.port = int(box.start_whm().rpartition(":")[2])
        self.path = install_plugin(box.root)
        box.start_ready("ready_page")
        box.start_ready("ready_whmapi1")
        self.logins: dict[str, Login] = {}
        self._appconfig = box.root / "var/cpanel/apps/mxverdict.conf"
        self._registered = self._appconfig.read_text()
        self._tls = ssl.create_default_context(cafile=str(Authority(box.root / "sandbox/ca").certificate))
        self._localopts = self.host.localopts.read_bytes()
        self.scenes = Scenes(box)
        self._remember(QUIET)

    # requests

    def log_in(self, person: Person) -> Login:
        """A login of its own, beside those there are."""
        if person.token:
            credentials = f"whm {person.user}:{person.token.secret}"
            return Login(person, "", {"Authorization": credentials})
        if not person.user:
            return Login(person, "", {})
        form = {"user": person.user, "pass": PASSWORDS.get(person.user, person.user), "login_only": "1"}
        answer = self.send("POST", "/login/", urlencode(form).encode(), {"Content-Type": FORM})
        cookie = answer.headers["set-cookie"].partition(";")[0]
        assert cookie.startswith(COOKIE)
        return Login(person, json.loads(answer.body)["security_token"], {"Cookie": cookie})

    def login_of(self, person: Person) -> Login:
        if person.name not in self.logins:
            self.logins[person.name] = self.log_in(person)
        return self.logins[person.name]

    def token(self, login: Login) -> str:
        """The token that the forms of the login carry, "" where it has none."""
        return csrf.make_token(self.host, login.person.user, login.security_token)

    def ask(self, login: Login, ask: Ask) -> Answer:
        """The request as the pages' own links and forms send it."""
        name, _, value = ask.what.partition("=")
        query = {} if ask.what == "view=main" else {name: value}
        form = {**ask.form, "token": self.token(login)} if ask.is_action else None
        with self.everybody_let_in(login.person.let_in), self._cut_short(ask):
            return self.request(login, urlencode({**query, **ask.query}), form)

    def request(
        self,
        login: Login,
        query: str,
        form: Optional[Mapping[str, str]] = None,
        *,
        path: str = "",
        method: str = "",
        headers: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        """GET, or POST of a `form`, of the page; `path` follows its own."""
        body = b"" if form is None else urlencode(form).encode()
        more = {} if form is None else {"Content-Type": FORM}
        target = f"{login.security_token}{self.path}{path}" + (f"?{query}" if query else "")
        method = method or ("GET" if form is None else "POST")
        return self.send(method, target, body, {**login.headers, **more, **(headers or {})})

    def send(
        self, method: str, target: str, body: bytes = b"", headers: Optional[Mapping[str, str]] = None
    ) -> Answer:
        """Any request, to WHM."""
        connection = http.client.HTTPConnection(HOST_NAME, self.port, timeout=60)
        with closing(connection):
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            connection.sock = self._tls.wrap_socket(plain, server_hostname=HOST_NAME)
            connection.putrequest(method, target, skip_accept_encoding=True)
            given = {"Content-Length": str(len(body)), "Accept-Language": "en", **(headers or {})}
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", errors="replace")
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)

    def run(
        self,
        user: str,
        query: str,
        form: Optional[bytes] = None,
        *,
        session: str = "",
        **changes: Optional[str],
    ) -> Answer:
        """The program itself, as cpsrvd would start it for `user`; `changes` are to its environment, None
        takes a variable away."""
        script = self.box.root / ("usr/local/cpanel/whostmgr/docroot" + self.path)
        asked = cgi.Request(
            method="GET" if form is None else "POST",
            uri=f"{session}{self.path}?{query}",
            path=self.path,
            query=query,
            headers={"host": HOST_NAME, "content-type": FORM, "accept-language": "en"},
            body=form or b"",
            server=("127.0.0.1", 2087),
            client=("127.0.0.1", 40000),
            remote_user=user,
            security_token=session,
            token_name=None,
        )
        variables: dict[str, Optional[str]] = {
            **cgi.environment(self.box.root, asked, script, "", VERSION, HOST_NAME),
            **changes,
        }
        done = subprocess.run(
            network.enter(self.box.server, [script]),
            env={name: value for name, value in variables.items() if value is not None},
            input=form or b"",
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == b""
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status")[:3])
        lowered = {name.lower(): value for name, value in headers.items()}
        return Answer(status, lowered, content.decode("utf-8", errors="replace"))

    @contextmanager
    def each_page_started(self) -> Iterator[None]:
        """cpsrvd starts the installed program for each request, as it does on a server."""
        ready = self.box.root / ready_page.SOCKET
        away = ready.with_name("ready-page.away")
        ready.rename(away)
        try:
            yield
        finally:
            away.rename(ready)

    @contextmanager
    def everybody_let_in(self, wanted: bool = True) -> Iterator[None]:
        """WHM lets every login through to the page, whose own gate is then the only one."""
        if wanted:
            self._appconfig.write_text(self._registered.replace("acls=software-mxverdict", "acls=any"))
        try:
            yield
        finally:
            if wanted:
                self._appconfig.write_text(self._registered)

    # the server's state

    def lay(self, scene: str) -> None:
        """Put everything back to how the scene begins."""
        self.settle()
        if scene == self._laid and not self.changes():
            os.truncate(self.host.audit, self._trail_ends)
            return
        if self.host.localopts.read_bytes() != self._localopts:
            self.box.run(CLOSE_ALL, check=True)
        self.scenes.lay(scene)
        self._remember(scene)

    def _remember(self, scene: str) -> None:
        self._seen, self._laid = self.look(), scene
        self._trail_ends = self.host.audit.stat().st_size

    def settle(self) -> None:
        """Let work that goes on end."""
        for path in (self.host.state / "jobs").iterdir():
            if "." not in path.name:
                queue.wait(self.host, path.name, 60)

    def changes(self) -> list[str]:
        """What is not as it was when the scene was laid, but for the audit trail."""
        now = self.look()
        return sorted(name for name in {*now, *self._seen} if now.get(name) != self._seen.get(name))

    def look(self) -> dict[str, object]:
        """Everything that a request may not change, by name."""
        host = self.host
        files = [
            host.sender_verify_bypass_hosts,
            host.localopts,
            host.exim_conf,
            host.greylist_trusted_netblocks,
        ]
        files += [host.state / name for name in ("settings.json", "testers.json", "web-secret")]
        files += [path for path in (host.state / "jobs").iterdir() if path.is_file()]
        seen: dict[str, object] = {path.name: path.read_bytes() for path in files if path.exists()}
        seen["journal"] = self.windows()
        seen["incidents"] = (host.state / "web.log").exists()
        return seen

    def windows(self) -> list[Any]:
        with reading(self.host) as journal:
            return [] if journal is None else [*journal.windows(100), *journal.permanent()]

    def window(self) -> Any:
        """The one that scenes speak of."""
        return find_window(self.host, int(WINDOW))

    def job(self, name: str) -> dict[str, Any]:
        """What the job said last."""
        said: dict[str, Any] = json.loads((self.host.state / "jobs" / name).read_text().splitlines()[-1])
        return said

    def trail(self) -> list[dict[str, Any]]:
        lines = self.host.audit.read_text().splitlines()
        return [json.loads(line) for line in lines]

    @contextmanager
    def _cut_short(self, ask: Ask) -> Iterator[None]:
        """Without Exim a check is begun, and ends at once."""
        if ask.what != f"action={TAKES_LONG}":
            yield
            return
        away = self.host.exim.with_name("exim.away")
        self.host.exim.rename(away)
        try:
            yield
            self.settle()
        finally:
            away.rename(self.host.exim)


@contextmanager
def world() -> Iterator[World]:
    with Sandbox() as box:
        made = World(box)
        try:
            yield made
        finally:
            made.scenes.close()


def sentence(answer: Answer) -> str:
    """The one plain sentence of a refusal."""
    found = re.search(r'role="alert"[^>]*>\s*<p><strong>(.*?)</strong>', answer.body, re.DOTALL)
    return html.unescape(found.group(1)) if found else ""


def refused(answer: Answer, *statuses: int) -> None:
    assert answer.status in statuses, answer.body
    assert sentence(answer).endswith(".")


def shows_nothing_of_others(answer: Answer) -> None:
    assert SETTINGS not in answer.body
    for user in ("carol", "root"):
        assert WORDS[user] not in answer.body
