"""Jinja2 with the catalogue of texts: `_("… %(name)s", name=…)` and `{% trans %}`, outside text visible."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, Undefined
from markupsafe import Markup, escape

from mxverdict.i18n import catalog
from mxverdict.sanitize import visible

EXTENSION = "jinja2.ext.i18n"


def install_gettext(environment: Environment) -> None:
    """Let the templates of an environment, which has EXTENSION, speak the language that is spoken then."""
    environment.policies["ext.i18n.trimmed"] = True
    vars(environment).update(newstyle_gettext=True)
    environment.globals.update(gettext=_gettext, ngettext=_ngettext)


def sanitize_value(value: Any) -> Any:
    """Every value on its way into a page: no control character of an outside text gets there raw."""
    return value if isinstance(value, (Markup, int, float, Undefined)) else visible(str(value))


def _gettext(message: str, /, **values: object) -> Markup:
    """A text of the catalogue with `values` for its `%(name)s`, which are outside texts as any other."""
    return _filled(catalog.gettext(message), values)


def _ngettext(one: str, many: str, number: int, /, **values: object) -> Markup:
    return _filled(catalog.ngettext(one, many, number), {"num": number, **values})


def _filled(text: str, values: dict[str, object]) -> Markup:
    """No message brings HTML with it, whatever is passed here as one by mistake."""
    return escape(text) % {name: sanitize_value(value) for name, value in values.items()}
