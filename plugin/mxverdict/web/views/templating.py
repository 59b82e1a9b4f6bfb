"""Jinja2 as the pages use it: everything escaped, control characters made visible, compiled templates
cached."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mxverdict import __version__
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.i18n.jinja import EXTENSION, install_gettext, sanitize_value
from mxverdict.i18n.message import translate
from mxverdict.sanitize import visible
from mxverdict.testers import format_sources
from mxverdict.web.http.request import PASTE_LIMIT
from mxverdict.web.views.timestamps import age, countdown, moment

if TYPE_CHECKING:
    from mxverdict.findings import Row

_TEMPLATES = Path(__file__).parents[1] / "templates"
_LONG = 40_000
"""Characters of a transcript that are shown."""


def jinja_environment(host: Host) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=sanitize_value,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_cache(host),
        extensions=[EXTENSION],
    )
    install_gettext(made)
    made.filters.update(
        age=age, moment=moment, countdown=countdown, transcript=_transcript, sentence=as_sentence
    )
    made.filters.update(
        pasted=_pasted, sources=format_sources, translate=translate, translated=catalog.gettext
    )
    made.filters.update(anchor=row_id)
    made.globals["version"] = __version__
    return made


def row_id(row: Row, about: str = "") -> str:
    """Return an HTML id that is the same whenever the row is drawn."""
    identity = "\0".join((about, row.category, row.name, row.host, row.text))
    return f"row-{zlib.crc32(identity.encode(errors='replace')):08x}"


def _transcript(text: str) -> Markup:
    return escape(visible(text.replace("\r\n", "\n"), _LONG))


def _pasted(text: str) -> Markup:
    """Return a text for the field that it was pasted into."""
    return escape(visible(text.replace("\r\n", "\n").replace("\t", "    "), PASTE_LIMIT))


def as_sentence(text: object) -> str:
    """Return an error's line with a full stop and a capital letter, unless it begins with a name or an
    address."""
    line = str(text).strip()
    name = any(mark in line.partition(" ")[0].rstrip(".:") for mark in ".:")
    capital = line[:1] if name else line[:1].upper()
    return capital + line[1:] + ("" if line.endswith((".", "!", "?")) else ".")


def _cache(host: Host) -> Optional[FileSystemBytecodeCache]:
    """Return the cache of compiled templates, in a folder that only root can write; None when that fails."""
    folder = host.state / "templates"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return FileSystemBytecodeCache(str(folder), "i18n-%s")
