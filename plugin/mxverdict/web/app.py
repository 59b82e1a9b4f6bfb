"""The CGI program behind the page: reads the request, checks who asks, answers. `handle_request` never
raises."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from threading import Thread
from typing import BinaryIO, Optional

from mxverdict import settings
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.negotiation import preferred
from mxverdict.web.auth import admission, permissions
from mxverdict.web.http import incidents
from mxverdict.web.http.request import HttpError, Request, read
from mxverdict.web.http.response import Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.whm.frame import Frame, start

_VIEWS = {
    "main": ("render", "show"),
    "domain": ("domain", "show"),
    "explain": ("pasted_report", "show"),
    "testers": ("testers", "show"),
    "log": ("log", "show"),
    "history": ("history", "show"),
    "settings": ("settings", "show"),
    "report": ("download", "send"),
    "state": ("state", "send_state"),
    "poll": ("state", "send_version"),
}
"""Module and function that answer a view; each request imports only its own."""
_PAGES = frozenset(_VIEWS) - {"report", "state", "poll"}
"""Views that stand inside WHM's frame."""
_RESELLERS_FIRST = ("reseller", "show")
_ASK_AGAIN = {
    "domain": "domain",
    "text": "pasted_report",
    "about": "pasted_report",
    "minutes": "window_form",
}
"""Module whose `show` draws the form again in which a field was mistyped, by the field."""


def main(frame: Frame) -> None:
    handle_request(Host.from_environment(), os.environ, sys.stdin.buffer, sys.stdout.buffer, frame)


def handle_request(
    host: Host,
    environ: Mapping[str, str],
    body: BinaryIO,
    stream: BinaryIO,
    frame: Optional[Frame] = None,
) -> None:
    """`frame` is what was started to ask WHM who the visitor is."""
    visitor = Visitor(
        host=host,
        user=environ.get("REMOTE_USER", ""),
        session=environ.get("cp_security_token", ""),
        frame=frame or start(environ, str(host.root), framed=False),
        by_token="WHM_API_TOKEN_NAME" in environ,
    )
    response = Response(stream, visitor, head_only=environ.get("REQUEST_METHOD") == "HEAD")
    with contextlib.suppress(BrokenPipeError), contextlib.closing(visitor.frame):
        try:
            try:
                _prepare(host, environ, response)
                _respond(host, environ, body, visitor, response)
            except HttpError as refusal:
                _refuse(host, response, refusal)
        except BrokenPipeError:
            raise
        except Exception as error:
            send_internal_error(response, incidents.record(host, error), error)
        response.flush()
        return
    with contextlib.suppress(OSError):  # the browser has left: let nothing be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _prepare(host: Host, environ: Mapping[str, str], response: Response) -> None:
    chosen = settings.read(host)
    catalog.activate(chosen.language or preferred(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
    response.frame_wanted = chosen.framed


def _respond(
    host: Host, environ: Mapping[str, str], body: BinaryIO, visitor: Visitor, response: Response
) -> None:
    request = read(environ, body, visitor)
    try:
        _route(host, request, response)
    except permissions.PermissionDenied as refusal:
        permissions.record_refusal(host, request, refusal)
        raise
    except HttpError as refusal:
        if response.begun or refusal.field not in _ASK_AGAIN:
            raise
        response.begin_page(refusal.status)
        import_module(f"mxverdict.web.pages.{_ASK_AGAIN[refusal.field]}").show(
            host, request, response, refusal
        )


def _route(host: Host, request: Request, response: Response) -> None:
    query, visitor = request.query, request.visitor
    if "static" in query:
        _only_reading(request)
        _static(query["static"], response)
        return
    if "action" in query:
        dispatch_action(host, request, response)
        return
    view = query.get("view", "main")
    permissions.require_view(visitor, view)
    _only_reading(request)
    module, function = _RESELLERS_FIRST if view == "main" and not visitor.is_root else _VIEWS[view]
    with contextlib.nullcontext() if visitor.is_root else _importing(module):
        admission.check_request(request, view)
    if view in _PAGES and not admission.is_part(request, view):
        response.begin_page()
        if response.head_only:
            return
    getattr(import_module(f"mxverdict.web.pages.{module}"), function)(host, request, response)


@contextlib.contextmanager
def _importing(module: str) -> Iterator[None]:
    """Import a view while something else is waited for: WHM takes its time to say which domains are whose."""

    def work() -> None:
        with contextlib.suppress(Exception):  # whoever imports it next meets the same
            import_module(f"mxverdict.web.pages.{module}")

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def dispatch_action(host: Host, request: Request, response: Response) -> None:
    visitor, name = request.visitor, request.query["action"]
    permissions.require_action(visitor, name)
    if request.method != "POST":
        raise HttpError(405, _("Changes are made by the buttons of the page only."), allow="POST")
    from mxverdict.web.http import csrf
    from mxverdict.web.tasks import checks, tester_search
    from mxverdict.web.tasks.submit import redirect, submit
    from mxverdict.web.tasks.window_forms import ACTIONS

    if not csrf.verify_token(host, visitor.user, visitor.session, request.form.get("token", "")):
        raise HttpError(
            403,
            _("This form is no longer valid; nothing was changed."),
            advice=_("Open the page again and retry."),
        )
    if name in checks.STARTS:
        redirect(checks.STARTS[name](host, visitor, request.form), response)
    elif name == tester_search.ACTION:
        redirect(tester_search.start(host), response)
    elif name == "settings":
        from mxverdict.web.pages import settings as settings_page

        settings_page.save(host, request, response)
    else:
        work = ACTIONS[name](host, visitor, request.form)
        submit(host, visitor, work, response, request.form.get("from", ""))


def _only_reading(request: Request) -> None:
    if request.method == "POST":
        raise HttpError(405, _("This page takes no form."), allow="GET, HEAD")


def _static(name: str, response: Response) -> None:
    from mxverdict.web.http.static_files import find

    found = find(name)
    if found is None:
        raise HttpError(404, _("There is no such file."))
    kind, text = found
    response.begin(200, kind, ("Cache-Control", "private, max-age=86400"))
    response.write(text)


def _refuse(host: Host, response: Response, refusal: HttpError) -> None:
    from mxverdict.web.pages.render import refused_within, show_refusal

    if not response.begun:
        show_refusal(host, response, refusal)
        return
    response.break_off(refused_within(refusal))


def send_internal_error(response: Response, incident: str, error: Exception) -> None:
    from mxverdict import installation
    from mxverdict.web.http.internal_error import apology

    if not response.begun:
        response.begin(500)
    response.break_off(apology(incident, installation.cause(error)))
