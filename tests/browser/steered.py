"""Imported by the page's program in test_progress.py: checks of domains go on when they are told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mxverdict.evidence import Evidence
from mxverdict.findings import Report
from mxverdict.host import Host
from mxverdict.services import check
from tests.unit.steered_check import FOLDER, run


def _install(whole: Callable[..., tuple[Evidence, Report]]) -> None:
    def steered(host: Host, *, targets: Sequence[str] = (), **options: object) -> tuple[Evidence, Report]:
        if targets:
            return run(host.root / FOLDER, targets=targets, **options)  # type: ignore[arg-type]
        return whole(host, **options)

    vars(check).update(run=steered)


_install(check.run)
