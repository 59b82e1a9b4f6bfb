"""The CGI program behind the page: reads the request, checks who asks, answers. `main` never raises."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import BinaryIO

from mxverdict.host import Host
from mxverdict.web import incidents
from mxverdict.web.request import Refusal, Request, read
from mxverdict.web.response import Response
from mxverdict.whm.access import is_root_level

_SECRETS = ("REMOTE_PASSWORD", "HTTP_COOKIE")
_NOT_ROOT = "This page needs root privileges in WHM."


def main() -> None:
    """Answer one request as RFC 3875 says. Never raises: cpsrvd replaces the answer of a CGI that fails."""
    for name in _SECRETS:
        os.environ.pop(name, None)
    answer(Host.from_environment(), os.environ, sys.stdin.buffer, sys.stdout.buffer)


def answer(host: Host, environ: Mapping[str, str], body: BinaryIO, stream: BinaryIO) -> None:
    response = Response(stream, head_only=environ.get("REQUEST_METHOD") == "HEAD")
    with contextlib.suppress(BrokenPipeError):
        try:
            _respond(host, environ, body, response)
        except Refusal as refusal:
            _refuse(host, response, refusal)
        except BrokenPipeError:
            raise
        except Exception as error:
            _apologise(response, incidents.record(host, error))
        response.flush()
        return
    with contextlib.suppress(OSError):  # the browser has left: let nothing be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _respond(host: Host, environ: Mapping[str, str], body: BinaryIO, response: Response) -> None:
    request = read(environ, body)
    query = request.query
    if "static" in query:
        _only_reading(request)
        _static(query["static"], response)
        return
    if not is_root_level(host, environ):
        raise Refusal(403, _NOT_ROOT, advice="Ask the owner of the server, or log in as root.")
    if "action" in query:
        _act(host, request, response)
        return
    _only_reading(request)
    view = query.get("view", "main")
    if view == "main":
        from mxverdict.web.page import show

        show(host, request, response)
    elif view == "state":
        from mxverdict.web.state import send_state

        send_state(host, query.get("job", ""), response)
    elif view == "domain":
        from mxverdict.web import domain_page

        domain_page.show(host, request, response)
    elif view == "explain":
        from mxverdict.web import explain_page

        explain_page.show(host, request, response)
    elif view == "log":
        from mxverdict.web import log_page

        log_page.show(host, request, response)
    elif view == "report":
        from mxverdict.web import download

        download.send(host, request, response)
    else:
        raise Refusal(404, "There is no such page.")


def _act(host: Host, request: Request, response: Response) -> None:
    if request.method != "POST":
        raise Refusal(405, "Changes are made by the buttons of the page only.", allow="POST")
    from mxverdict.web import checks, csrf, found_testers
    from mxverdict.web.actions import ACTIONS
    from mxverdict.web.submit import lead_to, submit

    if not csrf.is_valid(host, request.user, request.session, request.form.get("token", "")):
        raise Refusal(
            403, "This form is no longer valid; nothing was changed.", advice="Open the page again and retry."
        )
    name = request.query["action"]
    if name in checks.STARTS:
        lead_to(checks.STARTS[name](host, request.form), response)
        return
    if name == found_testers.ACTION:
        lead_to(found_testers.start(host), response)
        return
    action = ACTIONS.get(name)
    if action is None:
        raise Refusal(404, "There is no such action.")
    submit(host, action(host, request.user, request.form), response)


def _only_reading(request: Request) -> None:
    if request.method == "POST":
        raise Refusal(405, "This page takes no form.", allow="GET, HEAD")


def _static(name: str, response: Response) -> None:
    from mxverdict.web.static_files import find

    found = find(name)
    if found is None:
        raise Refusal(404, "There is no such file.")
    kind, text = found
    response.begin(200, kind, ("Cache-Control", "private, max-age=86400"))
    response.write(text)


def _refuse(host: Host, response: Response, refusal: Refusal) -> None:
    from mxverdict.web.page import show_refusal

    show_refusal(host, response, refusal)


def _apologise(response: Response, incident: str) -> None:
    from mxverdict.web.page import apology

    if not response.begun:
        response.begin(500)
    response.write(apology(incident))
