"""What a strict Content-Security-Policy has to let through, for the scripts and styles inside WHM's own HTML.

Source expressions: W3C "Content Security Policy Level 3", sections 2.3.1 and 6.7.3. The HTML is WHM's, not a
visitor's; naming a text that no browser would run does no harm, missing one breaks WHM's menu.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from hashlib import sha256

UNSAFE_HASHES = "'unsafe-hashes'"
_ATTRIBUTES = r"""((?:[^"'>]|"[^"]*"|'[^']*')*)"""
_PIECE = re.compile(
    rf"<!--.*?-->|<(script|style)(?![^\s/>]){_ATTRIBUTES}>(.*?)</\1(?=[\s/>])|<[a-z][^\s/>]*{_ATTRIBUTES}>",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""(?:^|[\s"'/])(style|on[a-z]+|src)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE
)


def inline_hashes(html: str) -> tuple[list[str], list[str]]:
    """Source expressions for `script-src` and `style-src`: a hash for each inline script and style sheet and,
    with 'unsafe-hashes', for each event handler and style attribute."""
    scripts: dict[str, None] = {}
    styles: dict[str, None] = {}
    text = html.replace("\r\n", "\n").replace("\r", "\n")  # as browsers read it (HTML Standard 13.2.3.5)
    for piece in _PIECE.finditer(text):
        element, on_element, body, on_other = piece.groups()
        given = _attributes(on_element or on_other or "")
        if element and element.lower() == "style":
            styles[_hash(body)] = None
        elif element and not any(name == "src" for name, _ in given):
            scripts[_hash(body)] = None
        for name, value in given:
            if name != "src":
                known = styles if name == "style" else scripts
                known[UNSAFE_HASHES] = known[_hash(value)] = None
    return list(scripts), list(styles)


def _attributes(text: str) -> list[tuple[str, str]]:
    return [(name.lower(), _plain(_unquoted(value))) for name, value in _ATTRIBUTE.findall(text)]


def _unquoted(value: str) -> str:
    return value[1:-1] if value[0] in "\"'" else value


def _plain(value: str) -> str:
    if "&" not in value:
        return value
    from html import unescape

    return unescape(value)


def _hash(text: str) -> str:
    return f"'sha256-{b2a_base64(sha256(text.encode()).digest(), newline=False).decode()}'"
