"""The page of a request that is refused."""

from __future__ import annotations

from collections.abc import Iterator

from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.request import HttpError
from mxverdict.web.pages.render import Shell
from mxverdict.whm.frame import NONE


def show(shell: Shell, refusal: HttpError) -> Iterator[str]:
    known = shell.visitor.level != NONE
    yield shell.top(_("Refused"))
    content = shell.render("refused.html", refusal=refusal, known=known)
    yield shell.page(content, here="refused", navigation=known)
