"""The report for programs: JSON with `"schema": 1`; fields are added, never renamed or removed."""

from __future__ import annotations

import dataclasses
from typing import Any

from mxverdict.findings import Report


def report_json(report: Report) -> dict[str, Any]:
    data = dataclasses.asdict(report)
    data["counts"] = {verdict.value: count for verdict, count in report.counts.items()}
    data["exit_status"] = report.exit_status
    return data
