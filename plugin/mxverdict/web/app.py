"""The web program: a WSGI application (PEP 3333) that never raises."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from threading import Thread
from typing import Any, Optional, Union

from mxverdict import settings
from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.negotiation import preferred
from mxverdict.web.auth import permissions
from mxverdict.web.http.framed_page import FramedPage, error_text
from mxverdict.web.http.request import HttpError, Request, read_form, read_method, read_query, variable
from mxverdict.web.http.response import Response, redirect
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.routes import ACTIONS, VIEWS, Action, View, load, module_of
from mxverdict.whm.frame import start

FRAME = "mxverdict.frame"
"""Variable of the environment: the Frame that was started to ask WHM who the visitor is, if one was."""
_PART = "rows"
"""The `part` of a page that its script asks for while a check runs."""


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterator[bytes]:
    """Answer one request. The body comes in pieces, each to be sent before the work on the next begins."""
    host = Host(variable(environ, ROOT_VARIABLE, "/"))
    visitor = Visitor(
        host=host,
        user=variable(environ, "REMOTE_USER"),
        session=variable(environ, "cp_security_token"),
        frame=environ.get(FRAME) or start(environ, str(host.root), framed=False),
        by_token="WHM_API_TOKEN_NAME" in environ,
    )
    with contextlib.closing(visitor.frame):
        response = _answer(host, environ, visitor)
        start_response(response.status_line, response.all_headers)
        if environ.get("REQUEST_METHOD") == "HEAD":
            yield b""
            return
        for piece in response.body:
            yield piece.encode("utf-8", errors="replace")


def _answer(host: Host, environ: Mapping[str, Any], visitor: Visitor) -> Response:
    framed = environ.get("REQUEST_METHOD") != "HEAD"
    try:
        try:
            chosen = settings.read(host)
            catalog.activate(chosen.language or preferred(variable(environ, "HTTP_ACCEPT_LANGUAGE")))
            framed = framed and chosen.framed
            return _route(host, _read(environ, visitor), framed)
        except HttpError as refusal:
            return _refuse(refusal, FramedPage(visitor, wanted=framed))
    except Exception as error:
        return Response([error_text(host, error)], 500)


def _read(environ: Mapping[str, Any], visitor: Visitor) -> Request:
    method, query = read_method(environ), read_query(environ)
    form = {}
    if method == "POST":
        action = ACTIONS.get(query.get("action", ""))
        form = read_form(environ, action.body_limit) if action else read_form(environ)
    return Request(method, query, form, visitor)


def _refuse(refusal: HttpError, page: FramedPage) -> Response:
    """It is drawn before anything is sent, since an error in it has another status."""
    from mxverdict.web.pages.refused import show

    pieces = list(show(page.shell(), refusal))
    allow = [("Allow", refusal.allow)] if refusal.allow else []
    return page.respond(lambda _shell: iter(pieces), refusal.status, *allow)


def _route(host: Host, request: Request, framed: bool) -> Response:
    query = request.query
    if "static" in query:
        _require_reading(request)
        return _static(query["static"])
    entry: Union[Action, View, None]
    with _recording(host, request):
        try:
            if "action" in query:
                entry = ACTIONS.get(query["action"])
                return _act(host, request, entry)
            entry = VIEWS.get(query.get("view", "main"))
            return _view(host, request, entry, framed)
        except HttpError as refusal:
            if entry is None or not entry.form or not refusal.redisplay:
                raise
            return _draw(host, request, entry.form, framed, refusal)


def _view(host: Host, request: Request, view: Optional[View], framed: bool) -> Response:
    visitor = request.visitor
    permissions.require_level(visitor, view.levels if view else None, _("There is no such page."))
    assert view is not None
    _require_reading(request)
    target = view.target_for(visitor)
    with contextlib.nullcontext() if visitor.is_root else _importing(target):
        view.require(request)
    if view.part and request.query.get("part") == _PART:
        return _response(load(view.part)(host, request))
    return _draw(host, request, target, framed) if view.framed else _response(load(target)(host, request))


def _act(host: Host, request: Request, action: Optional[Action]) -> Response:
    visitor, form = request.visitor, request.form
    permissions.require_level(visitor, action.levels if action else None, _("There is no such action."))
    assert action is not None
    if request.method != "POST":
        raise HttpError(405, _("Changes are made by the buttons of the page only."), allow="POST")
    from mxverdict.web.http import csrf
    from mxverdict.web.tasks.submit import submit

    if not csrf.verify_token(host, visitor.user, visitor.session, form.get("token", "")):
        raise HttpError(
            403,
            _("This form is no longer valid; nothing was changed."),
            hint=_("Open the page again and retry."),
        )
    done = load(action.target)(host, visitor, form)
    return redirect(submit(host, visitor, done, form.get("from", "")) if action.in_job else done)


def _draw(
    host: Host, request: Request, target: str, framed: bool, refusal: Optional[HttpError] = None
) -> Response:
    """Return a page as a response; with a `refusal` the form that was not taken comes back with it."""

    def pieces(shell: Any) -> Iterator[str]:
        with _recording(host, request):
            show = load(target)
            yield from show(host, request, shell, refusal) if refusal else show(host, request, shell)

    page = FramedPage(request.visitor, wanted=framed)
    return page.respond(pieces, refusal.status if refusal else 200)


@contextlib.contextmanager
def _recording(host: Host, request: Request) -> Iterator[None]:
    """Write to the audit trail what of the request is refused."""
    try:
        yield
    except permissions.PermissionDenied as refusal:
        permissions.record_refusal(host, request, refusal)
        raise


@contextlib.contextmanager
def _importing(target: str) -> Iterator[None]:
    """Import a view while something else is waited for: WHM takes its time to say which domains are whose."""

    def work() -> None:
        with contextlib.suppress(Exception):  # whoever imports it next meets the same
            import_module(module_of(target))

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _require_reading(request: Request) -> None:
    if request.method == "POST":
        raise HttpError(405, _("This page takes no form."), allow="GET, HEAD")


def _static(name: str) -> Response:
    from mxverdict.web.http.static_files import find

    found = find(name)
    if found is None:
        raise HttpError(404, _("There is no such file."))
    kind, text = found
    return Response([text], 200, kind, (("Cache-Control", "private, max-age=86400"),))


def _response(made: object) -> Response:
    assert isinstance(made, Response)
    return made
