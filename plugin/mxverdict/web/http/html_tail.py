"""What ends the HTML of a page that is broken off, so that WHM's footer stands where it belongs."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Optional

_VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
_AROUND = ("html", "body")


class _Reader(HTMLParser):
    """`open` holds the elements that have no end yet, `around` how many of them stand around our content."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.around = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        if tag in _VOID:
            return
        self.open.append(tag)
        if tag in _AROUND or ("id", "mxverdict") in attrs:
            self.around = len(self.open)

    def handle_endtag(self, tag: str) -> None:
        while tag in self.open and self.open.pop() != tag:
            pass
        self.around = min(self.around, len(self.open))


def closing(html: str) -> tuple[str, str]:
    """What ends all that `html` has begun within #mxverdict, and what ends that and what stands around it."""
    reader = _Reader()
    reader.feed(html)
    end = ""
    if reader.rawdata.startswith("<"):
        end = '">' if reader.rawdata.count('"') % 2 else ">"
        reader.feed(end)
    ends = [f"</{tag}>" for tag in reversed(reader.open)]
    within = len(ends) - reader.around
    return end + "".join(ends[:within]), "".join(ends[within:])
