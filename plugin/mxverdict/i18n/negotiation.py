"""Which of our languages a browser would have."""

from __future__ import annotations

from mxverdict.i18n.catalog import NAMES


def preferred(accepted: str) -> str:
    """The tag that an Accept-Language header (RFC 9110 section 12.5.4) likes best of ours."""
    liked = {"en": 0.0}
    for choice in accepted[:500].split(","):
        tag, _, weight = choice.partition(";")
        known = tag.strip().lower().partition("-")[0]
        if known in NAMES:
            liked[known] = max(liked.get(known, 0.0), _quality(weight))
    return max(liked, key=lambda tag: liked[tag])


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, max(0.0, float(value))) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
