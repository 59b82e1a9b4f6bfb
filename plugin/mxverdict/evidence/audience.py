"""Who may see which part of the evidence: each field says so itself, and `redacted` goes by that alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any, Callable, Optional, TypeVar

_KEY = "root alone"
_Evidence = TypeVar("_Evidence")


class Audience(Enum):
    """For whom something is judged: `ROOT` may see all of it; `RESELLER`, the owner of the domains that it is
    about, nothing of the server's files, settings and log, and nothing of other accounts."""

    ROOT = "root"
    RESELLER = "reseller"


def root_alone(instead: Optional[Callable[[Any], Any]] = None) -> Mapping[str, Any]:
    """Return metadata of a dataclass field that only root may see. Others get `instead(value)`, by default an
    empty value of the same type; applying it twice must change nothing more."""
    return {_KEY: instead or _empty}


def redacted(part: _Evidence, audience: Audience) -> _Evidence:
    """Return `part`, a dataclass or a tuple of them, without what `audience` may not see."""
    return part if audience is Audience.ROOT else _redacted(part)


def _redacted(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_redacted, value))
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    return dataclasses.replace(
        value,
        **{
            one.name: one.metadata.get(_KEY, _redacted)(getattr(value, one.name))
            for one in dataclasses.fields(value)
        },
    )


def _empty(value: Any) -> Any:
    if isinstance(value, str):
        return ""  # a message, too
    return None if value is None else type(value)()
