"""What the form of the settings does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mxverdict import settings
from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n.message import Message, translate
from mxverdict.settings import InvalidSetting, Settings
from mxverdict.web.http.request import HttpError
from mxverdict.web.http.visitor import Visitor

_NUMBERS = ("minutes", "most_minutes", "resellers_most_minutes")
_TICKS = ("resellers_may_open", "framed")
_TEXTS = ("tester", "contact", "language")
_TYPED_LIMIT = 300
"""Characters of a typed value that come back into its field."""


def save(host: Host, visitor: Visitor, form: Mapping[str, str]) -> str:
    """Take the form and return the address of the page. Raises HttpError when it cannot be taken."""
    try:
        settings.write(host, _settings(typed_values(form)), visitor.actor)
    except InvalidSetting as error:
        raise HttpError(422, translate(error), field=error.field) from None
    except MxVerdictError as error:
        raise HttpError(503, translate(error), hint=translate(error.hint), redisplay=True) from None
    return "?view=settings&saved=1"


def values(current: Settings) -> dict[str, Any]:
    """Return settings as they would be typed into the fields of the form."""
    by_name = dataclasses.asdict(current)
    return {
        name: by_name[name] if name in _TICKS else str(by_name[name])
        for name in (*_NUMBERS, *_TICKS, *_TEXTS)
    }


def typed_values(form: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed into the fields of a form that was sent."""
    return {
        **{name: name in form for name in _TICKS},
        **{name: form.get(name, "").strip()[:_TYPED_LIMIT] for name in (*_NUMBERS, *_TEXTS)},
    }


def _settings(typed: Mapping[str, Any]) -> Settings:
    """Raises InvalidSetting."""
    return Settings(**{**typed, **{name: _number(name, typed[name]) for name in _NUMBERS}})


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidSetting(name, Message("This is a whole number of minutes."))
    return int(text)
