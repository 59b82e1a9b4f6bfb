"""The style sheet and the script, served through the CGI so that one URL is all WHM must know."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

_FOLDER = Path(__file__).parents[1] / "static"
_SCRIPT = "text/javascript; charset=utf-8"
_KINDS = {"app.css": "text/css; charset=utf-8", "app.js": _SCRIPT, "progress.js": _SCRIPT}


def find(name: str) -> Optional[tuple[str, str]]:
    """(content type, text) of a file that pages use."""
    kind = _KINDS.get(name)
    return None if kind is None else (kind, (_FOLDER / name).read_text(encoding="utf-8"))
