"""One HTTPS request to cpsrvd: who asks, and which part answers."""

from __future__ import annotations

import contextlib
import json
import mimetypes
import os
import posixpath
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple, Optional, cast
from urllib.parse import parse_qs, parse_qsl, unquote

from tests.sandbox.whm import access, api, appconfig, cgi, faults, machine, pages, resellers
from tests.sandbox.whm.sessions import COOKIE, Session, Sessions, split_security_token

_MAX_BODY = 16 * 1024 * 1024
_DENIED = {
    "cpanelresult": {
        "apiversion": "2",
        "error": "Access denied",
        "data": {"reason": "Access denied", "result": "0"},
        "type": "text",
    }
}


class Site:
    """What all requests share."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sessions = Sessions()
        self.docroot = root / "usr/local/cpanel/whostmgr/docroot"
        self.error_log = root / "usr/local/cpanel/logs/error_log"
        self.access_log = root / "usr/local/cpanel/logs/access_log"
        self.host_name = machine.host_name(root)
        self.version = (root / "usr/local/cpanel/version").read_text().strip()


class Visitor(NamedTuple):
    caller: access.Caller
    session: Optional[Session] = None

    @property
    def security_token(self) -> str:
        return self.session.security_token if self.session else ""


class Handler(BaseHTTPRequestHandler):
    """Hands on HEAD and PUT, too; whether cpsrvd itself does is unknown."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._answer()

    do_POST = do_HEAD = do_PUT = do_GET

    def version_string(self) -> str:
        return "cpsrvd"

    def log_message(self, format: str, *values: Any) -> None:
        with self._site.access_log.open("a") as log:
            log.write(f"{self.client_address[0]} [{self.log_date_time_string()}] {format % values}\n")

    # cgi.Response

    def begin(self, status: int, headers: list[tuple[str, str]], reason: Optional[str] = None) -> None:
        self.close_connection = True
        self.send_response(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def send(self, data: bytes) -> None:
        self.wfile.write(data)

    def fail(self, status: int, message: str) -> None:
        self._html(status, pages.error(status, message))

    # parts of the answer

    @property
    def _site(self) -> Site:
        return cast("Site", self.server.site)  # type: ignore[attr-defined]

    def _answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        if faults.is_on(self._site.root, "cpsrvd-503"):
            self.fail(503, "Service Unavailable")
            return
        raw_path, _, query = self.path.partition("?")
        security_token, path = split_security_token(raw_path)
        path = unquote(path)
        if ".." in path.split("/") or "\0" in path:
            self.fail(400, "Bad Request")
        elif path.rstrip("/") == "/login" and not security_token:
            self._login(dict(parse_qsl(query)), body)
        elif path.startswith("/styles/"):
            self._static(path)
        else:
            visitor = self._authenticate(security_token)
            if visitor:
                self._serve(visitor, path, query, body)
            else:
                self._refuse(path)

    def _read_body(self) -> Optional[bytes]:
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or "transfer-encoding" in self.headers:
            self.fail(411, "Length Required")
        elif int(length) > _MAX_BODY:
            self.fail(413, "Request Entity Too Large")
        else:
            return self.rfile.read(int(length))
        return None

    def _authenticate(self, security_token: str) -> Optional[Visitor]:
        scheme, _, credentials = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "whm":
            user, _, secret = credentials.strip().partition(":")
            caller = access.token_login(self._site.root, user, secret)
            return Visitor(caller) if caller else None
        session = self._site.sessions.find(self.headers.get("cookie", ""))
        if session is None or session.security_token != security_token:
            return None
        return Visitor(access.caller(self._site.root, session.user), session)

    def _refuse(self, path: str) -> None:
        if "authorization" in self.headers or path.startswith("/json-api/"):
            self._json(403, _DENIED)
        elif self.path == "/":
            self._html(200, pages.login())
        else:
            goto = self.path if self.command == "GET" else ""
            self._html(401, pages.login("Log in first; this address belongs to no session of yours.", goto))

    def _serve(self, visitor: Visitor, path: str, query: str, body: bytes) -> None:
        if path.startswith("/json-api/"):
            self._api(visitor.caller, path[len("/json-api/") :], query, body)
        elif path.rstrip("/") == "/logout" and visitor.session:
            self._logout(visitor.session)
        elif path.startswith("/cgi/"):
            self._plugin(visitor, path, query, body)
        elif path.startswith("/addon_plugins/"):
            self._static(path)
        elif path == "/":
            apps = [app for app in appconfig.registered(self._site.root) if app.allows(visitor.caller)]
            own = {resellers.PATH: resellers.TITLE} if visitor.caller.is_root_level else {}
            self._html(200, pages.start(visitor.caller.user, visitor.security_token, apps, own))
        elif path == resellers.PATH:
            self._resellers(visitor, body)
        else:
            self.fail(404, "Not Found")

    def _login(self, query: dict[str, str], body: bytes) -> None:
        form = {**query, **dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))}
        if self.command == "GET" and "user" not in form:
            self._html(200, pages.login())
            return
        caller = access.login(self._site.root, form.get("user", ""), form.get("pass", ""))
        if caller is None:
            if form.get("login_only"):
                self._json(401, {"status": 0, "message": "invalid_login"})
            else:
                self._html(401, pages.login("The login is invalid.", form.get("goto_uri", "")))
            return
        session = self._site.sessions.open(caller.user)
        _, goto = split_security_token(form.get("goto_uri", ""))
        target = session.security_token + (goto if goto.startswith("/") else "/")
        cookie = ("Set-Cookie", f"{COOKIE}={session.cookie}; HttpOnly; Path=/; Secure")
        if form.get("login_only"):
            answer = {"status": 1, "security_token": session.security_token, "redirect": target}
            self._json(200, answer, cookie)
        else:
            self._reply(302, "text/html", b"", ("Location", target), cookie)

    def _logout(self, session: Session) -> None:
        self._site.sessions.close(session)
        expired = ("Set-Cookie", f"{COOKIE}=; Max-Age=0; HttpOnly; Path=/; Secure")
        self._reply(302, "text/html", b"", ("Location", "/login/"), expired)

    def _api(self, caller: access.Caller, function: str, query: str, body: bytes) -> None:
        root = self._site.root
        if faults.is_on(root, "cpsrvd-500"):
            self.fail(500, "Internal Error (ID 0)")
            return
        garbage = faults.instead_of_an_answer(root, "cpsrvd")
        if garbage is not None:
            self._reply(200, "text/html", garbage.encode())
            return
        pairs = [*parse_qsl(query, keep_blank_values=True), *parse_qsl(body.decode(), keep_blank_values=True)]
        version = dict(pairs).get("api.version")
        given = api.parameters(pair for pair in pairs if not pair[0].startswith("api."))
        try:
            answer, status = api.answer(root, caller, function, given), 200
        except api.Forbidden as refused:
            metadata = {"version": 1, "reason": refused.reason, "result": 0, "command": function}
            answer, status = {"metadata": metadata}, 403
        self._json(status, answer if version == "1" else api.as_api_0(answer))

    def _plugin(self, visitor: Visitor, path: str, query: str, body: bytes) -> None:
        apps = [app for app in appconfig.registered(self._site.root) if app.covers(path)]
        allowed = [app for app in apps if app.allows(visitor.caller)]
        found = _find_file(self._site.docroot, path)
        if not allowed or (found and not _root_owned(self._site.docroot / "cgi", found[0])):
            self.fail(403, "Forbidden")
        elif found is None:
            self.fail(404, "Not Found")
        elif not os.access(found[0], os.X_OK):
            self._static(path)
        else:
            self._run_cgi(visitor, allowed[0], found[0], found[1], path, query, body)

    def _run_cgi(
        self,
        visitor: Visitor,
        app: appconfig.App,
        script: Path,
        path_info: str,
        path: str,
        query: str,
        body: bytes,
    ) -> None:
        site = self._site
        request = cgi.Request(
            method=self.command,
            uri=self.path,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            server=self.connection.getsockname()[:2],
            client=self.client_address[:2],
            remote_user=visitor.caller.user,
            security_token=visitor.security_token,
            token_name=visitor.caller.token_name,
        )
        variables = cgi.environment(site.root, request, script, path_info, site.version, site.host_name)
        cgi.run(script, variables, body, app.runs_as(visitor.caller), site.error_log, self)

    def _resellers(self, visitor: Visitor, body: bytes) -> None:
        if not visitor.caller.is_root_level:
            self.fail(403, "Forbidden")
            return
        message = ""
        if self.command == "POST":
            form = parse_qs(body.decode())
            user = form.get("res", [""])[0]
            try:
                resellers.give(self._site.root, user, form.get("acl", []))
            except KeyError:
                self.fail(404, "Not Found")
                return
            message = f"The privileges of {user} are saved."
        content = resellers.form(self._site.root, visitor.security_token, message)
        title, user = resellers.TITLE, visitor.caller.user
        self._html(200, pages.inside(title, user, visitor.security_token, content))

    def _static(self, path: str) -> None:
        file = self._site.docroot / posixpath.normpath(path).lstrip("/")
        try:
            content = file.read_bytes()
        except OSError:
            self.fail(404, "Not Found")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._reply(200, kind, content)

    def _html(self, status: int, text: str) -> None:
        self._reply(status, "text/html; charset=utf-8", text.encode())

    def _json(self, status: int, value: object, *headers: tuple[str, str]) -> None:
        self._reply(status, "application/json; charset=utf-8", json.dumps(value).encode(), *headers)

    def _reply(self, status: int, kind: str, content: bytes, *headers: tuple[str, str]) -> None:
        self.begin(status, [("Content-Type", kind), ("Content-Length", str(len(content))), *headers])
        if self.command != "HEAD":
            self.send(content)


def _find_file(docroot: Path, path: str) -> Optional[tuple[Path, str]]:
    """The file a path leads to, and what follows it in the path (PATH_INFO)."""
    file = docroot
    parts = path.lstrip("/").split("/")
    for number, part in enumerate(parts, start=1):
        file = file / part
        if file.is_file():
            rest = "/".join(parts[number:])
            return file, f"/{rest}" if number < len(parts) else ""
    return None


def _root_owned(top: Path, file: Path) -> bool:
    """The file and every folder between it and `top` belong to root."""
    chain = [file, *file.parents]
    return all(one.stat().st_uid == 0 for one in chain[: chain.index(top)])
