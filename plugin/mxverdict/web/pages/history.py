"""Who did what, when and why: the audit trail, with what the journal says of the test windows in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Optional

from mxverdict import testers
from mxverdict.audit import reader
from mxverdict.audit.reader import AuditFilter, AuditPage, Entry
from mxverdict.errors import JournalError
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth import admission, permissions
from mxverdict.web.auth.admission import KINDS
from mxverdict.web.http.fields import parse_offset
from mxverdict.web.http.request import Request
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell
from mxverdict.web.views.history import actions_of, has_own_row, history_row, kind_of
from mxverdict.window import Window
from mxverdict.window.journal import reading

_PAGE = 50


def show(host: Host, request: Request, shell: Shell) -> Iterator[str]:
    """All of it to root, to others what they did themselves on these pages."""
    yield shell.top(_("History"))
    query, visitor = request.query, request.visitor
    kind = query.get("kind", "")
    offset, back = parse_offset(query.get("before")), parse_offset(query.get("after"))
    load_error, read = "", AuditPage()
    try:
        read = _read(host, _filter(kind, visitor), offset, back)
    except OSError as error:
        load_error = error.strerror or str(error)
    windows, known = _windows(host, visitor, read.entries), testers.load(host=host).testers
    rows = [
        history_row(entry, windows, lambda names: testers.titles(names, known), private=not visitor.is_root)
        for entry in read.entries
    ]
    state = page_state.load_page_state(host, request)
    content = shell.render(
        "history.html",
        seen=state,
        kinds={kind.value: _(KINDS[kind]) for kind in admission.kinds(request)},
        kind=kind,
        rows=rows,
        older=read.older,
        newer=read.newer,
        found=read,
        load_error=load_error,
        file=host.audit,
        own=not visitor.is_root,
    )
    yield shell.page(content, here="history", state=state, data=state.data)


def _filter(kind: str, visitor: Visitor) -> AuditFilter:
    def test(entry: Entry) -> bool:
        if not visitor.is_root and not (entry.origin == "web" and visitor.did(entry.user)):
            return False
        return has_own_row(entry) and (not kind or kind_of(entry) == kind)

    if not visitor.is_root:
        return AuditFilter(test, (reader.field_pattern("user", visitor.user),))
    return AuditFilter(test, tuple(reader.field_pattern("action", action) for action in actions_of(kind)))


def _read(host: Host, wanted: AuditFilter, before: Optional[int], after: Optional[int]) -> AuditPage:
    if after is not None:
        page = reader.read_after(host, wanted, after, _PAGE)
        if page.newer is not None:
            return page
    return reader.read_before(host, wanted, before, _PAGE)


def _windows(host: Host, visitor: Visitor, entries: Iterable[Entry]) -> dict[int, Window]:
    """Those that the entries begin, by number, of others as much as everybody may know; none when the journal
    cannot be read."""
    numbers = {entry.window for entry in entries if entry.action == "open"} - {None, 0}
    try:
        with reading(host) as journal:
            found = [journal.window(number) for number in numbers if number] if journal else []
    except JournalError:
        return {}
    shown = (one for one in found if one is not None)
    return {one.id: permissions.redact_window(visitor, one) for one in shown}
