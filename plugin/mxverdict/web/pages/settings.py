"""The page of the settings: one form, and the addresses of testers that were added on this server."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any, Optional

from mxverdict import settings, testers
from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import Message, translate
from mxverdict.settings import MOST_MINUTES, InvalidSetting, Settings
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import Response
from mxverdict.web.pages.render import looking, send
from mxverdict.web.tasks.submit import redirect

_NUMBERS = ("minutes", "most_minutes", "resellers_most_minutes")
_TICKS = ("resellers_may_open", "framed")
_TEXTS = ("tester", "contact", "language")
_LONGEST = 300
"""Characters of a typed value that come back into its field."""


def show(host: Host, request: Request, response: Response) -> None:
    values = _as_typed(settings.read(host))
    _draw(host, request, response, values, saved=request.query.get("saved") == "1")


def save(host: Host, request: Request, response: Response) -> None:
    """Take the form. What was typed comes back with the reason when it cannot be taken."""
    typed = _typed(request.form)
    try:
        settings.write(host, _settings(typed), request.visitor.actor)
    except InvalidSetting as error:
        refused = HttpError(422, translate(error), field=error.field)
        _draw(host, request, response, typed, refused)
    except MxVerdictError as error:
        refused = HttpError(503, translate(error), advice=translate(error.advice))
        _draw(host, request, response, typed, refused)
    else:
        redirect("?view=settings&saved=1", response)


def _draw(
    host: Host,
    request: Request,
    response: Response,
    values: Mapping[str, Any],
    refused: Optional[HttpError] = None,
    *,
    saved: bool = False,
) -> None:
    if not response.begun:
        response.begin_page(refused.status if refused else 200)
    known = testers.load(host=host)
    send(
        host,
        response,
        "settings.html",
        here="settings",
        title=_("Settings"),
        look=looking(host, request, response),
        now=time.time,
        values=values,
        refused=refused,
        saved=saved,
        most=MOST_MINUTES,
        languages=[("", _("What each browser asks for")), *catalog.NAMES.items()],
        testers=[(one.name, one.title) for one in known.testers if one.addresses],
        added=[(tester.title, one) for tester in known.testers for one in tester.addresses if one.added],
        trouble=known.load_error,
    )


def _as_typed(found: Settings) -> dict[str, Any]:
    values = dataclasses.asdict(found)
    return {
        name: values[name] if name in _TICKS else str(values[name]) for name in (*_NUMBERS, *_TICKS, *_TEXTS)
    }


def _typed(form: Mapping[str, str]) -> dict[str, Any]:
    return {
        **{name: name in form for name in _TICKS},
        **{name: form.get(name, "").strip()[:_LONGEST] for name in (*_NUMBERS, *_TEXTS)},
    }


def _settings(typed: Mapping[str, Any]) -> Settings:
    """Raises Wrong."""
    return Settings(**{**typed, **{name: _number(name, typed[name]) for name in _NUMBERS}})


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidSetting(name, Message("This is a whole number of minutes."))
    return int(text)
