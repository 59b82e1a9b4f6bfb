"""Carries evidence through JSON and back, so that it can be judged again anywhere."""

from __future__ import annotations

import dataclasses
import typing
from functools import cache
from typing import Any


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def decode(kind: Any, data: Any, where: str) -> Any:
    """What `dataclasses.asdict` made of a `kind` (a dataclass, or the type of a field), made one again.

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
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise ValueError(f"{where} is not of type {kind.__name__}")
    return data
