"""A sandbox with everybody's things in it, and requests to the page as each person sends them."""

from __future__ import annotations

import html
import http.client
import json
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional
from urllib.parse import urlencode

from mxverdict.evidence import to_json
from mxverdict.host import Host
from mxverdict.web import csrf, jobs
from mxverdict.web.checks import domain_job
from mxverdict.window import Actor, audit
from mxverdict.window.engine import find_window
from mxverdict.window.journal import reading
from tests.privileges.asks import (
    ADDRESS,
    BY_COMMAND,
    CLOSED,
    DELAY_OFF,
    DOMAINS,
    PERMANENT,
    QUIET,
    REPORT_JOBS,
    RESELLERS_MAY_NOT,
    TAKES_LONG,
    WINDOW,
    WINDOW_JOBS,
    WORDS,
    Ask,
)
from tests.privileges.people import MORE_RESELLERS, MORE_TOKENS, Person
from tests.sandbox import network
from tests.sandbox.box import Sandbox
from tests.sandbox.certificates import Authority
from tests.sandbox.plugin import install_plugin
from tests.sandbox.whm import accounts, cgi
from tests.sandbox.whm.accounts import Account
from tests.sandbox.whm.defaults import HOST_NAME, PASSWORDS, VERSION
from tests.sandbox.whm.sessions import COOKIE
from tests.unit import whole_maker

FORM = "application/x-www-form-urlencoded"
_ACCOUNTS = (
    Account("corner", "carol", network.SERVER_IPV4, ("corner.shop.example", "cake.example")),
    Account("house", "root", network.SERVER_IPV4, ("house.example",)),
)
_FILES = ("journal.sqlite", "journal.copy.sqlite", "audit.jsonl", "testers.json", "settings.json")
_SETTINGS = {"schema": 1, "resellers_may_open": True, "resellers_most_minutes": 30}
_OPEN = """
import sys
from mxverdict import window
from mxverdict.host import Host
host, (user, networks, permanent, origin) = Host.from_environment(), sys.argv[1:]
actor = window.Actor(user, origin)
if permanent:
    window.open_permanent(host, networks, actor=actor)
else:
    window.open_window(
        host, kind="whitelist", networks=[networks], tester="mxtoolbox", minutes=20, actor=actor
    )
"""
_CLOSE = [sys.executable, "-m", "mxverdict.cli", "window", "close", "--all"]


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
    """`logins` holds one login for each person who has one."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.host = Host(box.root)
        self.port = int(box.start_whm().rpartition(":")[2])
        self.path = install_plugin(box.root)
        self.logins: dict[str, Login] = {}
        self._appconfig = box.root / "var/cpanel/apps/mxverdict.conf"
        self._registered = self._appconfig.read_text()
        self._tls = ssl.create_default_context(cafile=str(Authority(box.root / "sandbox/ca").certificate))
        self._scenes = Path(tempfile.mkdtemp(prefix="mxv-scenes-"))
        self._localopts = self.host.localopts.read_bytes()
        self._add_people()
        self._furnish()
        self._make_scenes()
        self._seen = self.look()

    def close(self) -> None:
        shutil.rmtree(self._scenes)

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
        return csrf.token(self.host, login.person.user, login.security_token)

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
        connection = http.client.HTTPSConnection(HOST_NAME, self.port, timeout=60)
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
        if self.host.localopts.read_bytes() != self._localopts:
            self.box.run(_CLOSE, check=True)
        self._restore(self._scenes / scene)
        self._seen = self.look()

    def settle(self) -> None:
        """Let work that goes on end."""
        for path in (self.host.state / "jobs").iterdir():
            if "." not in path.name:
                jobs.wait(self.host, path.name, 60)

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

    # how it is made

    def _add_people(self) -> None:
        root = self.box.root
        for account in _ACCOUNTS:
            accounts.write(root, account)
        with ExitStack() as stack:
            resellers, passwords, tokens = (
                stack.enter_context((root / name).open("a"))
                for name in ("var/cpanel/resellers", "sandbox/passwords", "sandbox/tokens")
            )
            for user, privileges in MORE_RESELLERS.items():
                resellers.write(f"{user}:{','.join(privileges)}\n")
                passwords.write(f"{user}:{user}\n")
            for token in MORE_TOKENS:
                tokens.write(f"{token.user}:{token.name}:{token.secret}:{','.join(token.privileges)}\n")

    def _furnish(self) -> None:
        """What everybody has left before: checks, work, reports and lines in the trail."""
        folder = self.host.state / "jobs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        evidence = json.dumps(to_json(whole_maker.whole()))
        for owner, target in DOMAINS.values():
            checked = json.loads(evidence.replace(whole_maker.NAME, target))
            self._job(domain_job(target), f"{target} is checked.", owner, target, {"evidence": checked})
        for user, name in WINDOW_JOBS.items():
            self._job(name, WORDS[user], user)
        for user, name in REPORT_JOBS.items():
            self._job(name, WORDS[user], user, "a report", {"text": WORDS[user], "about": ""}, "failed")
            audit.record(self.host, Actor(user, "web"), "check", result="0 problems", reason=WORDS[user])
        self.host.settings.write_text(json.dumps(_SETTINGS))
        csrf.token(self.host, "root", "/cpsess0000000000")  # makes the secret

    def _job(
        self, name: str, text: str, owner: str, title: str = "", left: object = None, state: str = "done"
    ) -> None:
        said = {"state": state, "text": text, "title": title, "owner": owner, "done": 1, "total": 1}
        path = self.host.state / "jobs" / name
        path.write_text(json.dumps({**said, "version": 1}) + "\n")
        if left is not None:
            path.with_name(f"{name}.json").write_text(json.dumps(left))

    def _make_scenes(self) -> None:
        self._keep(QUIET)
        self.host.settings.write_text(json.dumps({**_SETTINGS, "resellers_may_open": False}))
        self._keep(RESELLERS_MAY_NOT)
        for user in WINDOW_JOBS:
            self._open(user, network.OUTSIDE_ADDRESSES[0])
            self._keep(user)
        self._open("alice", network.OUTSIDE_ADDRESSES[0])
        self.box.run(_CLOSE, check=True)
        self._keep(CLOSED)
        self._open("alice", ADDRESS, "permanent")
        self._keep(PERMANENT)
        self._open("alice", network.OUTSIDE_ADDRESSES[0], origin="cli")
        self._keep(BY_COMMAND)
        self._open("alice", network.OUTSIDE_ADDRESSES[0])
        with closing(sqlite3.connect(self.host.journal)) as journal, journal:
            journal.execute("UPDATE windows SET kind = 'delay_off'")
        self._keep(DELAY_OFF)
        self._restore(self._scenes / QUIET)

    def _open(self, user: str, networks: str, permanent: str = "", origin: str = "web") -> None:
        self._restore(self._scenes / QUIET)
        self.box.run([sys.executable, "-c", _OPEN, user, networks, permanent, origin], check=True)

    def _keep(self, scene: str) -> None:
        folder = self._scenes / scene
        folder.mkdir()
        shutil.copytree(self.host.state / "jobs", folder / "jobs")
        for name in _FILES:
            if (self.host.state / name).exists():
                shutil.copy2(self.host.state / name, folder / name)
        shutil.copy2(self.host.sender_verify_bypass_hosts, folder / "list")

    def _restore(self, folder: Path) -> None:
        state = self.host.state
        shutil.rmtree(state / "jobs")
        shutil.copytree(folder / "jobs", state / "jobs")
        for name in _FILES:
            for path in state.glob(f"{name}*"):
                path.unlink()
            if (folder / name).exists():
                shutil.copy2(folder / name, state / name)
        self.host.sender_verify_bypass_hosts.write_bytes((folder / "list").read_bytes())

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
            made.close()


def sentence(answer: Answer) -> str:
    """The one plain sentence of a refusal."""
    found = re.search(r'role="alert">\s*<p><strong>(.*?)</strong>', answer.body, re.DOTALL)
    return html.unescape(found.group(1)) if found else ""
