"""What was collected, as plain frozen data: every verdict is judged from this alone.

`to_json` and `from_json` carry it through a file, so stored evidence can be judged again anywhere. The names
are those of `model`, which is loaded when one is first asked for: reading the log needs one part alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mxverdict.evidence.model import (
        DelayState,
        Domain,
        Evidence,
        Forward,
        Preview,
        PreviewStage,
        Probe,
        ProbeStage,
        RelayListEntry,
        Reply,
        RequestedTarget,
        ReverseDns,
        Target,
        Tls,
        from_json,
        seen_by,
        to_json,
    )
else:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        try:
            return getattr(import_module("mxverdict.evidence.model"), name)
        except AttributeError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


__all__ = [
    "DelayState",
    "Domain",
    "Evidence",
    "Forward",
    "Preview",
    "PreviewStage",
    "Probe",
    "ProbeStage",
    "RelayListEntry",
    "Reply",
    "RequestedTarget",
    "ReverseDns",
    "Target",
    "Tls",
    "from_json",
    "seen_by",
    "to_json",
]  # fmt: skip
