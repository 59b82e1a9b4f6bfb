"""Draws the pages: what surrounds the content of each, and the content from its template."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Optional

from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.routes import VIEWS
from mxverdict.web.views.templating import jinja_environment

if TYPE_CHECKING:
    from jinja2 import Environment

    from mxverdict.web.pages.page_state import PageState


def render(host: Host, template: str, **values: Any) -> str:
    """Return a part of a page: a template with `values` and the Unix time `now` filled in."""
    return _filled(jinja_environment(host), template, values)


class Shell:
    """What surrounds a page's content. A page yields its `top`, with what the browser may fetch meanwhile,
    and then the rest: as one `page`, or as its `start` before long work and its `finish` after."""

    def __init__(self, visitor: Visitor, *, framed: bool) -> None:
        self.visitor = visitor
        self._environment = jinja_environment(visitor.host)
        self._framed = framed
        self._title = ""
        self._started = False

    def render(self, template: str, **values: Any) -> str:
        """Return a template filled in, as `render` does."""
        return _filled(self._environment, template, values)

    def top(self, title: str, *scripts: str) -> str:
        """Return the beginning; `scripts` are static files beside the one that all pages have."""
        top = self._surround("top.html", title=title, scripts=("app.js", *scripts))
        self._title = title
        return top

    def start(
        self,
        content: str,
        *,
        here: str,
        state: Optional[PageState] = None,
        data: Mapping[str, object] = MappingProxyType({}),
        reload: tuple[int, str] = (0, ""),
        navigation: bool = True,
    ) -> str:
        """Return the page up to the end of `content`, HTML.

        `here` is the view's name, `state` brings the test windows that are open now, `data` what the script
        watches (see static/app.js). `reload`: after how many seconds, and at which address, a page without
        JavaScript asks again; 0 for never.
        """
        html = self._surround(
            "opening.html",
            here=here,
            data=data,
            reload=reload,
            windows=state.windows if state else (),
            links=_links(self.visitor) if navigation else (),
        )
        self._started = True
        return html + content

    def finish(self, content: str = "") -> str:
        return content + self._surround("closing.html")

    def page(self, content: str, **around: Any) -> str:
        """Return `start` and `finish` in one."""
        return self.start(content, **around) + self.finish()

    def break_off(self, html: str) -> str:
        """Return the rest of a page that cannot go on, with `html` as the last of its content."""
        if self._started:
            return self.finish(html)
        return self.page(html, here="") if self._title else html

    def _surround(self, template: str, **values: Any) -> str:
        around = {"framed": self._framed, "title": self._title, "language": catalog.current_tag()}
        return self.render(template, **{**around, **values})


def _filled(environment: Environment, template: str, values: Mapping[str, Any]) -> str:
    return environment.get_template(template).render(values, now=time.time())


def _links(visitor: Visitor) -> list[tuple[str, str, str]]:
    """Return view, address and name of the pages that the visitor may see."""
    labels = {name: view.label_for(visitor) for name, view in VIEWS.items()}
    return [
        (name, "?" if name == "main" else f"?view={name}", _(label))
        for name, label in labels.items()
        if label
    ]
