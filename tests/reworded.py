"""A pytest plugin that records what the product decides in each test, on request with nonsense for its texts.

MXVERDICT_DECISIONS names the file for a JSON object: tests and their decisions. With MXVERDICT_NONSENSE set
every English text of the product is replaced; tests that look at texts fail then, and what had been decided
until there counts all the same. Load it with `-p tests.reworded`.
"""

from __future__ import annotations

import functools
import json
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import pytest

from mxverdict.i18n import catalog, message

_FIELD = re.compile(r"\{\w+\}|%\(\w+\)[a-z]|%%")
_decisions: dict[str, Counter[str]] = {}
_current = [""]


def nonsense(template: str) -> str:
    """Return a text that shares nothing with `template` but its fields."""
    return " ".join([f"⟪{zlib.crc32(template.encode()):08x}⟫", *_FIELD.findall(template)])


class _Nonsense(NullTranslations):
    def gettext(self, message: str) -> str:
        return nonsense(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return nonsense(msgid1 if n == 1 else msgid2)


def _record(kind: Any, decision: Callable[[Any], tuple[object, ...]]) -> None:
    made = kind.__init__

    @functools.wraps(made)
    def record(self: Any, *args: Any, **values: Any) -> None:
        made(self, *args, **values)
        _decisions.setdefault(_current[0], Counter())[repr(decision(self))] += 1

    kind.__init__ = record


def pytest_configure() -> None:
    if "MXVERDICT_NONSENSE" in os.environ:
        vars(catalog).update(_catalogue=_Nonsense(), activate=lambda _tag: None)
        filled = message._filled
        vars(message).update(_filled=lambda template, values: filled(nonsense(template), values))
    from mxverdict.errors import MxVerdictError
    from mxverdict.findings import Finding
    from mxverdict.window.model import Window

    def judged(one: Finding) -> tuple[object, ...]:
        owner = one.owner.name if one.owner else ""
        return "finding", one.verdict.value, owner, one.row.level, one.row.category

    _record(Finding, judged)
    _record(Window, lambda one: ("window", one.kind, one.state, one.tested))
    _record(MxVerdictError, lambda one: ("error", type(one).__name__))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _current[0] = item.nodeid
    try:
        return (yield)
    finally:
        _current[0] = ""


def pytest_sessionfinish() -> None:
    Path(os.environ["MXVERDICT_DECISIONS"]).write_text(json.dumps(_decisions), encoding="utf-8")
