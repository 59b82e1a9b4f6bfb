"""The page of the settings: one form, and the addresses of testers that were added on this server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from mxverdict import settings, testers
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import gettext as _
from mxverdict.settings import MAX_MINUTES
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell
from mxverdict.web.tasks import settings_form


def show(host: Host, request: Request, shell: Shell, refused: Optional[HttpError] = None) -> Iterator[str]:
    """`refused` is why the form was not taken."""
    yield shell.top(_("Settings"))
    state = page_state.load_page_state(host, request)
    known = testers.load(host=host)
    typed = settings_form.typed_values(request.form) if refused else settings_form.values(settings.read(host))
    content = shell.render(
        "settings.html",
        seen=state,
        values=typed,
        refused=refused,
        saved=request.query.get("saved") == "1",
        limit=MAX_MINUTES,
        languages=[("", _("What each browser asks for")), *catalog.NAMES.items()],
        testers=[(one.name, one.title) for one in known.testers if one.addresses],
        added=[(tester.title, one) for tester in known.testers for one in tester.addresses if one.added],
        load_error=known.load_error,
    )
    # Nothing here reloads by itself: what is being typed would be lost.
    yield shell.page(content, here="settings", state=state, data={"watch": 0})
