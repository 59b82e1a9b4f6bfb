"""Carries evidence through JSON and back, so that it can be judged again anywhere."""

from __future__ import annotations

import dataclasses
import typing
from functools import cache
from typing import Any

from mxverdict.i18n.message import from_json

MAX_NUMBER = 1e12
"""No number of ours is larger, be it a time, a size or a count; NaN and the infinities are none."""


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def decode(kind: Any, data: Any, where: str) -> Any:
    """Return a `kind` (a dataclass, or the type of a field) made from what `dataclasses.asdict` made of it.

    Raises ValueError with one line that says `where` the data does not fit.
    """
    if typing.get_origin(kind) is typing.Union:
        (inner,) = (argument for argument in typing.get_args(kind) if argument is not type(None))
        return None if data is None else decode(inner, data, where)
    if typing.get_origin(kind) is tuple:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"{where} is not a list")
        item = typing.get_args(kind)[0]
        return tuple(decode(item, value, f"{where}[{index}]") for index, value in enumerate(data))
    if dataclasses.is_dataclass(kind):
        if not isinstance(data, dict):
            raise ValueError(f"{where} is not an object")
        hints = _hints(kind)  # type: ignore[arg-type]
        unknown = data.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{where} has an unknown field {sorted(unknown)[0]!r}")
        values = {name: decode(hints[name], value, f"{where}.{name}") for name, value in data.items()}
        try:
            return kind(**values)  # type: ignore[operator]
        except TypeError:
            raise ValueError(f"{where} lacks a field") from None
    if kind is str and isinstance(data, dict):
        try:
            return _checked_text(from_json(data), where)
        except ValueError:
            raise ValueError(f"{where} is not of type str") from None
    is_integer = isinstance(data, int) and not isinstance(data, bool)
    if (kind is int and not is_integer) or not isinstance(
        data, (kind, int) if kind is float and is_integer else kind
    ):
        raise ValueError(f"{where} is not of type {kind.__name__}")
    if kind in (int, float) and not -MAX_NUMBER <= data <= MAX_NUMBER:
        raise ValueError(f"{where} is a number that is never written there")
    if isinstance(data, str):
        return _checked_text(data, where)
    return float(data) if kind is float else data


def _checked_text(text: str, where: str) -> str:
    if not _is_text(text):
        raise ValueError(f"{where} holds what is no text")
    return text


def _is_text(data: str) -> bool:
    """Whether it has an encoding: JSON may hold halves of characters (RFC 8259 section 8.2)."""
    try:
        data.encode()
    except UnicodeEncodeError:
        return False
    return True
