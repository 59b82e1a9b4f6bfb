"""The fields of WHM's answers that the code relies on, and how an answer is compared with them.

Comparing yields the names of our own fields and JSON types, never a value of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ABSENT = "absent"

Shape = dict[str, tuple[str, ...]]
"""JSON types that a field may have, by its path: `ip[].ip` is `ip` in each object of the list `ip`."""

_SETTING: Shape = {"tweaksetting": ("object",), "tweaksetting.value": ("string", "number", ABSENT)}
SHAPES: dict[str, Shape] = {
    "version": {"version": ("string",)},
    "gethostname": {"hostname": ("string",)},
    "listips": {
        "ip": ("list",),
        "ip[].ip": ("string",),
        "ip[].mainaddr": ("string", "number"),
        "ip[].public_ip": ("string", ABSENT),
        "ip[].active": ("string", "number", ABSENT),
    },
    "get_tweaksetting": _SETTING,
    "cpgreylist_status": {"is_enabled": ("string", "number")},
    "read_cpgreylist_trusted_hosts": {
        "greylist_trusted_hosts": ("list",),
        "greylist_trusted_hosts[].host_ip": ("string",),
        "greylist_trusted_hosts[].comment": ("string", "null", ABSENT),
    },
    "get_domain_info": {
        "domains": ("list",),
        "domains[].domain": ("string",),
        "domains[].user": ("string",),
        "domains[].user_owner": ("string",),
    },
    "applist": {"app": ("list",)},
}
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"), (str, "string"), (int, "number"), (float, "number"), (list, "list"), (dict, "object"),
)  # fmt: skip


def json_type(value: object) -> str:
    """The JSON name of a decoded value's type."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")


def faults(data: dict[str, Any], shape: Shape) -> tuple[str, ...]:
    """What differs, each once, such as `ip[].ip: missing` or `is_enabled: list`."""
    found: dict[str, None] = {}
    for path, allowed in shape.items():
        for kind in dict.fromkeys(_types(data, path)):
            if kind not in allowed:
                found[f"{path}: {'missing' if kind == ABSENT else kind}"] = None
    return tuple(found)


def _types(data: object, path: str) -> Iterator[str]:
    """The types that the field has in the answer; none where the object it belongs to is not there, which
    is a fault of that one."""
    name, _, rest = path.partition(".")
    key = name.removesuffix("[]")
    if not isinstance(data, dict):
        if not rest:
            yield ABSENT
        return
    value = data.get(key)
    if not rest:
        yield json_type(value) if key in data else ABSENT
    elif name.endswith("[]"):
        for one in value if isinstance(value, list) else ():
            yield from _types(one, rest)
    elif isinstance(value, dict):
        yield from _types(value, rest)
