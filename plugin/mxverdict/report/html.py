"""The report as one HTML file that needs nothing else: to download, to attach to a mail, to print."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from mxverdict.evidence import Evidence
from mxverdict.findings import Report
from mxverdict.i18n.catalog import current_tag, gettext
from mxverdict.i18n.jinja import EXTENSION, install_gettext, sanitize_value
from mxverdict.report.document import METHOD, letter
from mxverdict.sanitize import visible

if TYPE_CHECKING:
    from mxverdict.window import Window

_TEMPLATES = Path(__file__).with_name("templates")
_LONG = 40_000
"""Characters of a transcript that are shown."""


def report_html(
    report: Report, evidence: Optional[Evidence] = None, windows: Optional[Sequence[Window]] = None
) -> str:
    """Return the page of `document.letter`, for light and dark screens and for paper; no script, nothing
    fetched."""
    return _template().render(
        letter=letter(report, evidence, windows), method=gettext(METHOD), language=current_tag()
    )


@cache
def _template() -> Template:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=sanitize_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[EXTENSION],
    )
    install_gettext(made)
    made.filters["transcript"] = _transcript
    return made.get_template("report.html")


def _transcript(text: str) -> Markup:
    return escape(visible(text.replace("\r\n", "\n"), _LONG))
