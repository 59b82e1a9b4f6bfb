"""What a strict Content-Security-Policy has to let through, for the scripts inside WHM's own HTML.

Source expressions: W3C "Content Security Policy Level 3", sections 2.3.1 and 6.7.3. The HTML is WHM's, not a
visitor's; naming a text that no browser would run does no harm, missing one breaks WHM's menu.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from hashlib import sha256

UNSAFE_HASHES = "'unsafe-hashes'"
_TAG = re.compile(r"<(?:!(--)|(/?[A-Za-z][^\t\n\f />]*))")
_ATTRIBUTE = re.compile(
    r"""[\t\n\f /]*(=?[^\t\n\f />=]*)(?:[\t\n\f ]*=[\t\n\f ]*(?:"([^"]*)"?|'([^']*)'?|([^\t\n\f >]*)))?"""
)
_END_OF_COMMENT = re.compile("--!?>")
_ENDS = {
    name: re.compile(rf"</{name}(?=[\t\n\f />])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title")
}
"""Where the text ends that is in such an element and has no tags of its own."""


def inline_hashes(html: str) -> list[str]:
    """Source expressions for `script-src`: a hash for each inline script and, with 'unsafe-hashes', for each
    event handler.

    Goes through the text once, as browsers do (HTML Standard 13.2.5): what is looked for and not found ends
    it, for nothing after that is an element.
    """
    scripts: dict[str, None] = {}
    text = html.replace("\r\n", "\n").replace("\r", "\n")  # as browsers read it (HTML Standard 13.2.3.5)
    place = 0
    while tag := _TAG.search(text, place):
        element = (tag[2] or "").lower()
        given, place = _attributes(text, tag.end()) if element else ([], tag.end() - 2)
        if place == len(text):
            break
        for name, value in given if element[:1] != "/" else ():
            if name.startswith("on"):
                scripts[UNSAFE_HASHES] = scripts[_hash(value)] = None
        until = _ENDS.get(element) if element else _END_OF_COMMENT
        if not until:
            continue
        end = until.search(text, place)
        if not end:
            break
        if element == "script" and not any(name == "src" for name, _ in given):
            scripts[_hash(text[place + 1 : end.start()])] = None
        place = end.end()
    return list(scripts)


def _attributes(text: str, place: int) -> tuple[list[tuple[str, str]], int]:
    """Those of the tag whose name ends at `place`, and where its ">" is: at the end when it has none."""
    given = []
    while place < len(text) and text[place] != ">":
        found = _ATTRIBUTE.match(text, place)
        assert found  # all of its parts may be empty
        given.append((found[1].lower(), _unescaped(found[2] or found[3] or found[4] or "")))
        place = found.end()
    return given, place


def _unescaped(value: str) -> str:
    if "&" not in value:
        return value
    from html import unescape

    return unescape(value)


def _hash(text: str) -> str:
    return f"'sha256-{b2a_base64(sha256(text.encode()).digest(), newline=False).decode()}'"
