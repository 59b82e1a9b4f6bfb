"""Blocklists that a line of a report or of prose says something is on."""

from __future__ import annotations

import re
from functools import cache

from mxverdict.testers import blocklists, row_texts

_LISTING = re.compile(r"\b(?:blacklisted|blocklisted|listed) by:? ?(\S.{0,300})", re.IGNORECASE)
_LIST_END = re.compile(
    r"\t| {2,}|\||[\"”»]|\.(?:\s|$)|\s[0-9a-f.:]{3,45} was listed"
    r"|\s(?:Detail|(?:Information )?More Info(?:rmation)?)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:[,/;&+]|\b(?:and|und|et|y|e|or)\b)\s*", re.IGNORECASE)
_LISTED = re.compile(
    r"\b(?:(?:black|block)?listed|blacklist(?:ing)?|gelistet|gelisted|listado|listada|listé|listée|inscrit"
    r"|liste noire|lista negra|blocklist)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|no longer|isn't|aren't|wasn't|never|de-?listed|removed|clean|nicht|kein|keiner|keine|entfernt|"
    r"no est[aá]|ya no|pas|plus|ni)\b",
    re.IGNORECASE,
)
_SIGN = re.compile(r"list|inscrit", re.IGNORECASE)
_FREE = re.compile(r"\b(?:OK|clean|fine|free) (?:on|at|in)\b|\bbut not\b", re.IGNORECASE)
_FORM = re.compile(r"[A-Za-z0-9][\w.-]{1,40}(?: [A-Za-z0-9][\w.-]{0,30}){0,4}")
_WORD = re.compile(r"[\w.]+(?:-[\w.]+)*")
_NAME_LENGTH = 6


def names_in(line: str) -> list[str]:
    """Return the names of the lists, each once. A list that we do not know is believed after `Blacklisted
    by`."""
    if not _SIGN.search(line):
        return []
    match = _LISTING.search(line)
    if match is not None and not _NOT.search(line[: match.start()]):
        named = [_named(part) for part in _BETWEEN.split(_LIST_END.split(match[1], maxsplit=1)[0])]
        if any(named):
            return list(dict.fromkeys(name for name in named if name))
    if _LISTED.search(line) and not _NOT.search(line):
        return list(dict.fromkeys(_known_in(_FREE.split(line, maxsplit=1)[0])))
    return []


def text_of(line: str, name: str) -> str:
    """Return the text of a row about one of the names in a line."""
    match = _LISTING.search(line)
    return f"{line[match.start() : match.start(1)]}{name}" if match is not None else line


def _named(part: str) -> str:
    name = part.strip(" .:!?\"'`*_()[]")
    if name.casefold() in _known():
        return _known()[name.casefold()]
    plausible = _FORM.fullmatch(name) is not None and (any(map(str.isupper, name)) or "." in name)
    return name if plausible else next(iter(_known_in(name)), "")


def _known_in(text: str) -> list[str]:
    """Return known names in a text, in their own letters."""
    terms = _WORD.findall(text)
    found = []
    place = 0
    while place < len(terms):
        if terms[place].rstrip(".").casefold() not in _first_terms():
            place += 1
            continue
        for length in range(min(_NAME_LENGTH, len(terms) - place), 0, -1):
            said = " ".join(terms[place : place + length]).rstrip(".")
            name = _known().get(said.casefold())
            if name is not None and (length > 1 or said == name or "." in said or said.isupper()):
                found.append(name)
                place += length - 1
                break
        place += 1
    return found


@cache
def _first_terms() -> frozenset[str]:
    return frozenset(terms[0].rstrip(".") for name in _known() if (terms := _WORD.findall(name)))


@cache
def _known() -> dict[str, str]:
    """Return titles by name or zone in small letters."""
    catalogue = blocklists.load()
    names = [*row_texts.load("blacklist"), *row_texts.other_lists()]
    for group in (catalogue.dead, catalogue.closed):
        names += [title for entry in group for title in entry.titles]
    zones = {one.zone: one.title for one in catalogue.lists}
    return {**{name.casefold(): name for name in names}, **zones}
