"""Markup that pasted texts carry (HTML, BBCode, Markdown, quoted-printable), turned into lines and cells."""

from __future__ import annotations

import html
import quopri
import re

_TAGS = (
    "a|b|i|p|br|hr|td|th|tr|ul|ol|li|em|dl|dt|dd|h[1-6]|div|pre|img|svg|path|code|font|span|body|html|head|"
    "meta|link|table|thead|tbody|strong|small|center|button|input|label|blockquote|script|style|title"
)
_TAG = re.compile(rf"<(/?)({_TAGS})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_STATUS_PICTURE = re.compile(r"alt=[\"']?(Status \w{1,20})", re.IGNORECASE)
_NEW_LINE = {"br", "hr", "p", "tr", "li", "div", "ul", "ol", "dt", "pre", "table", "blockquote", "body"}
_CELL = {"td", "th", "dd"}
_REFERENCE = re.compile(r"&#([0-9]{8,});?")
"""Of a character by a number longer than that of any (HTML 13.2.5.80), but for zeros before it. Python turns
no more than 4300 digits into a number."""
_SOFT_BREAK = re.compile(r"=(?:20|3D|09|[C-F][0-9A-F]=[89AB][0-9A-F])", re.IGNORECASE)

_BB_TAGS = (
    "table|tr|td|th|b|i|u|s|code|icode|quote|color|size|url|font|list|left|right|center|indent|img|spoiler|"
    "plain|pre|highlight|heading|h[1-6]|li|ul|ol|noparse|user"
)
_BB_TAG = re.compile(
    rf"\[(?:(/?)({_BB_TAGS})(?:=[^\[\]\n]{{0,300}}| [a-z]{{1,20}}=[^\[\]\n]{{0,300}})?|\*)\]", re.IGNORECASE
)
_BB_NEW_LINE = {"tr", "table", "code", "quote", "list", "li", "ul", "ol", "pre", "spoiler", "heading"}
_BB_LINK = re.compile(r"\[url=['\"]?(https?://[^\]'\"\s]{1,500})['\"]?\]", re.IGNORECASE)
_MD_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\((https?://[^()\s]{1,500})\)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_ASKED = re.compile(r"mxtoolbox\.com/\S{0,200}action=", re.IGNORECASE)


def without_markup(text: str) -> str:
    """Return the text with a line for what was one, a tab before each cell, and the links that say what a
    tester was asked before their words."""
    if "=\n" in text and _SOFT_BREAK.search(text):
        text = quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    if "<" in text:
        text = _TAG.sub(_html_tag, text)
    if "&" in text:
        text = html.unescape(_REFERENCE.sub(_reference, text))
    if "](" in text:
        text = _MD_LINK.sub(lambda match: _link(match[2], match[1]), text)
    if "[" in text:
        text = _BB_TAG.sub(_bb_tag, _BB_LINK.sub(lambda match: _link(match[1], ""), text))
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _link(address: str, label: str) -> str:
    return f"{address} {label}" if _ASKED.search(address) else label


def _html_tag(match: re.Match[str]) -> str:
    name = match[2].lower()
    if name == "img":
        status = _STATUS_PICTURE.search(match[0])
        return f"\t{status[1]}\t" if status else ""
    if name in _NEW_LINE or (name[0] == "h" and name[1:].isdigit()):
        return "\n"
    return "\t" if name in _CELL else ""


def _bb_tag(match: re.Match[str]) -> str:
    name = (match[2] or "*").lower()
    if name in _CELL:
        return "" if match[1] else "\t"
    return "\n" if name == "*" or name in _BB_NEW_LINE else ""


def _reference(match: re.Match[str]) -> str:
    digits = match[1].lstrip("0")
    return f"&#{digits or 0};" if len(digits) < 8 else "\ufffd"
