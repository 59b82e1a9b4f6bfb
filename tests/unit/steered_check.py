"""A check that finds a part when it is told to: by files in a folder that are named after the parts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from mxverdict.collect.evidence_builder import EvidenceBuilder
from mxverdict.collect.progress import Progress
from mxverdict.evidence import Evidence
from mxverdict.findings import Report
from mxverdict.net.address import is_address
from mxverdict.services import check
from tests.unit.domain_evidence_maker import PARTS, known

FOLDER = "sandbox/steered"
"""Below the sandbox's root."""
END = "end"
"""Lets the check find all that is left."""
FAR = "far"
"""Holds how many of 31 blocklists have answered."""
_OF_DOMAINS = ("zone", "policy", "hosts")


def run(
    folder: Path, *, targets: Sequence[str] = (), progress: Optional[Progress] = None, **_: object
) -> tuple[Evidence, Report]:
    """As `check.run`, for `domain_evidence_maker.NAME` or an address."""
    progress = progress or Progress()
    about = known(domains=()) if is_address(targets[0]) else known()
    parts = {name: found for name, found in PARTS.items() if about.domains or name not in _OF_DOMAINS}
    builder = EvidenceBuilder(about, parts, progress, lambda evidence: evidence)
    while parts:
        for name in [name for name in parts if (folder / name).exists() or (folder / END).exists()]:
            builder.add(name, parts.pop(name))
        if "blocklists" in parts and (folder / FAR).exists():
            progress.advance("blocklists", int((folder / FAR).read_text() or 0), 31)
        time.sleep(0.01)
    return builder.evidence(), check.judge_evidence(builder.evidence())
