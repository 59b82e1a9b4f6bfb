"""How cpsrvd runs a plugin's CGI: its environment, and the relay of its output to the browser.

The environment and the rules for its output are those observed of cPanel's CGI handler: the output is
streamed, the connection is closed afterwards. Which of the request's headers arrive differs; here all do, the
visitor's own ones, too.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple, Optional, Protocol, Union

from tests.sandbox.whm import ready_page

_OWN_VARIABLES = frozenset({"authorization", "content-length", "content-type"})
"""Headers that do not become `HTTP_…`."""
_HEADER_LINE = re.compile(rb"([A-Za-z0-9-]+):[ \t]*(.*?)\r?\n\Z")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CHUNK = 65536
_incidents = itertools.count(1)
Process = Union["subprocess.Popen[bytes]", ready_page.Forked]


class Request(NamedTuple):
    """What a CGI may learn of a request. `uri` is as sent; `path` is without security token and query."""

    method: str
    uri: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    server: tuple[str, int]
    client: tuple[str, int]
    remote_user: str
    security_token: str
    token_name: Optional[str]


class Response(Protocol):
    """Where the output goes; `begin` once, then `send`. Both raise OSError when the browser has left."""

    def begin(self, status: int, headers: list[tuple[str, str]], reason: Optional[str] = None) -> None: ...

    def send(self, data: bytes) -> None: ...

    def fail(self, status: int, message: str) -> None: ...


def environment(
    root: Path, request: Request, script: Path, path_info: str, version: str, host: str
) -> dict[str, str]:
    variables = {
        "PATH": _PATH,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": request.uri,
        "QUERY_STRING": request.query,
        "SCRIPT_NAME": request.path[: len(request.path) - len(path_info)] if path_info else request.path,
        "SCRIPT_FILENAME": str(script),
        "PATH_INFO": path_info,
        "SERVER_ADDR": request.server[0],
        "SERVER_PORT": str(request.server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": f"cpsrvd/{version}",
        "SERVER_ADMIN": f"root@{host}",
        "HOST": request.headers.get("host", ""),
        "REMOTE_ADDR": request.client[0],
        "REMOTE_PORT": str(request.client[1]),
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "REMOTE_USER": request.remote_user,
        "REMOTE_PASSWORD": "__HIDDEN__",
        "cp_security_token": request.security_token,
        "WHM50": "1",
    }
    for name, value in request.headers.items():
        if name not in _OWN_VARIABLES:
            variables["HTTP_" + name.upper().replace("-", "_")] = value
    if request.token_name is not None:
        variables["WHM_API_TOKEN_NAME"] = request.token_name
    if root != Path("/"):
        variables["MXVERDICT_ROOT"] = str(root)  # the sandbox's one deviation from a real server
    return variables


def run(
    script: Path, variables: dict[str, str], body: bytes, user: str, error_log: Path, response: Response
) -> None:
    with tempfile.TemporaryFile() as stdin, error_log.open("ab") as stderr:
        stdin.write(body)
        stdin.seek(0)
        try:
            process = _start(script, variables, user, stdin, stderr)
        except (OSError, LookupError) as error:
            stderr.write(f"{script}: {error}\n".encode())
            response.fail(500, _incident())
            return
        assert process.stdout is not None
        with contextlib.suppress(OSError), process.stdout:
            headers_done = _relay(process, process.stdout, response)
            if process.wait() and headers_done:
                stderr.write(f"{script} ended with status {process.returncode}\n".encode())
        process.wait()


def _start(
    script: Path, variables: dict[str, str], user: str, stdin: IO[bytes], stderr: IO[bytes]
) -> Process:
    """Raises OSError, and LookupError where there is no such user."""
    account = pwd.getpwnam(user)
    ready = Path(variables.get("MXVERDICT_ROOT", "/"), ready_page.SOCKET)
    if ready.exists() and account.pw_uid == os.getuid():
        return ready_page.Forked(ready, variables, script.parent, stdin, stderr)
    return subprocess.Popen(
        [str(script)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=variables,
        cwd=script.parent,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[account.pw_gid],
    )


def _relay(process: Process, output: IO[bytes], response: Response) -> bool:
    """True when the headers came through and the answer was streamed."""
    headers: list[tuple[str, str]] = []
    head = b""
    for line in output:
        head += line
        if line in (b"\n", b"\r\n"):
            _begin(response, headers)
            break
        match = _HEADER_LINE.match(line)
        if not match:
            return _without_headers(process, head + output.read(), response)
        headers.append((match[1].decode(), match[2].decode("latin-1")))
    else:
        return _without_headers(process, head, response)
    while True:
        data = output.read1(_CHUNK)  # type: ignore[attr-defined]
        if not data:
            return True
        response.send(data)


def _begin(response: Response, headers: list[tuple[str, str]]) -> None:
    status, reason = 200, None
    if any(name.lower() == "location" for name, _ in headers):
        status = 302
    for name, value in headers:
        if name.lower() == "status" and value[:3].isdigit():
            status, reason = int(value[:3]), value[4:] or None
    response.begin(status, [(name, value) for name, value in headers if name.lower() != "status"], reason)


def _without_headers(process: Process, output: bytes, response: Response) -> bool:
    if process.wait():
        response.fail(500, _incident())
        return False
    response.begin(200, [])
    response.send(output)
    return True


def _incident() -> str:
    return f"Internal Error (ID {next(_incidents)})"
