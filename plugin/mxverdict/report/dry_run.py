"""A dry run of exempting Common Mail Providers, for people on a terminal and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mxverdict.sanitize import visible
from mxverdict.window.dry_run import DryRun

_LINE = 300


def dry_run_json(found: DryRun) -> dict[str, Any]:
    """Return the lines before and after, and the seconds of delay of each address; `after` is null where only
    the real build can show it."""
    samples = found.samples
    return {
        "path": found.path,
        "before": found.line_before,
        "after": found.line_after,
        "exim_conf": [
            {"line": one.number, "before": one.before, "after": one.after} for one in found.statements
        ],
        "entries": samples.entries,
        "providers": samples.providers,
        "simulated": [
            {
                "provider": one.provider,
                "network": one.network,
                "address": one.address,
                "before": found.before[one.address],
                "after": None if found.after is None else found.after[one.address],
            }
            for one in samples.chosen
        ],
    }


def dry_run_lines(found: DryRun) -> Iterator[str]:
    """Yield what would be edited, what exim.conf would then say, and what Exim would do to each address."""
    yield "Dry run: nothing was changed. buildeximconf accepts the new settings."
    yield f"{found.path}:"
    if found.line_before is not None:
        yield f"  - {visible(found.line_before, _LINE)}"
    yield f"  + {visible(found.line_after, _LINE)}"
    if found.statements:
        yield "exim.conf, as buildeximconf is expected to write it:"
    for one in found.statements:
        yield f"  {one.number} - {visible(one.before.strip(), _LINE)}"
        yield f"  {one.number} + {visible(one.after.strip(), _LINE)}"
    samples = found.samples
    many = f"{len(samples.chosen)} of {samples.providers} providers in the list, {samples.entries} networks"
    yield f"Delay in simulated sessions now and then ({many}):"
    for sample in samples.chosen:
        then = "not known before the build" if found.after is None else f"{found.after[sample.address]} s"
        name = visible(sample.provider, 80)
        yield f"  {sample.address}  {found.before[sample.address]} s -> {then}  {name}"
