"""Findings for programs: JSON with `"schema": 1`; fields are added, never renamed or removed."""

from __future__ import annotations

import dataclasses
from typing import Any

from mxverdict.findings import Report


def rule_file(rule: str) -> str:
    """Return where the page of a rule is in the repository: a relative path, with slashes; "" for no rule."""
    return f"docs/rules/{rule}.md" if rule else ""


def report_json(report: Report) -> dict[str, Any]:
    data: dict[str, Any] = to_json(report)
    data["counts"] = {verdict.value: count for verdict, count in report.counts.items()}
    data["exit_status"] = report.exit_status
    return data


def to_json(value: Any) -> Any:
    """Return a dataclass, and what it holds, as dicts and lists. The identifier of its rule (`id`) and the
    file of its page (`rule`) are at the finding or answer, not at the row."""
    if dataclasses.is_dataclass(value):
        data = {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if "row" in data:
            rule = data["row"].pop("rule")
            return {"id": rule, "rule": rule_file(rule), **data}
        return data
    return [to_json(one) for one in value] if isinstance(value, (tuple, list)) else value
