"""A preview for people and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from mxverdict.evidence import Preview
from mxverdict.sanitize import visible
from mxverdict.testers import UNKNOWN_HOSTS


def preview_json(preview: Preview) -> dict[str, Any]:
    return {**dataclasses.asdict(preview), "counted": preview.counted}


def preview_lines(preview: Preview) -> Iterator[str]:
    """Yield one line for the address, one for each stage, one for what went wrong."""
    meaning = ", as any unknown address," if preview.address in UNKNOWN_HOSTS.values() else ""
    yield f"{preview.address}{meaning} to {preview.local_address} port 25"
    for stage in preview.stages:
        reply = "" if stage.reply is None else f"{stage.reply.code} {visible(stage.reply.lines[0])}"
        delay = f"waits {stage.delay} s" if stage.delay else "no delay"
        yield f"  {stage.name:<8} {delay:<12} {reply}"
        for statement in stage.delayed_by:
            yield f"           delayed by {visible(statement)}"
        for entry in stage.exempted_by:
            yield f"           exempt from the delay by {visible(entry)}"
        if stage.unexplained:
            yield "           Exim's trace does not show which statement delays or which list exempts:"
        for line in stage.unexplained:
            yield f"             {visible(line)}"
    for rate in preview.counted:
        yield f"  this simulated session counts in Exim's rate limits: {visible(rate)}"
    if preview.failure:
        yield f"  {preview.failure.replace('_', ' ')}: {visible(preview.detail)}"
