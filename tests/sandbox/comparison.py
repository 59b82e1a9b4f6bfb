"""What a predicted report and a real one of the stand-in tester differ in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.sandbox.tester_report import Report

_SECONDS = re.compile(r"^(\d+(?:\.\d+)?) seconds")
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} [+-]\d{4}")


def differences(predicted: Any, real: Report, tolerance: float) -> Iterator[str]:
    """One line each. `predicted`: `headline`, `transcript` and `rows` of `name`, `level` and `text`.

    Seconds may differ by `tolerance`; dates, and milliseconds in the transcript, by anything.
    """
    expected = [(row.name, row.level, row.text) for row in real.rows]
    found = [(row["name"], row["level"], row["text"]) for row in predicted["rows"]]
    if [row[:2] for row in expected] != [row[:2] for row in found]:
        yield f"rows: predicted {found}, real {expected}"
        return
    for (name, _, text), (_, _, guess) in zip(expected, found):
        seconds, guessed = _SECONDS.match(text), _SECONDS.match(guess)
        if seconds and guessed and abs(float(seconds[1]) - float(guessed[1])) > tolerance:
            yield f"{name}: predicted {guess!r}, real {text!r}"
        if _SECONDS.sub("", text) != _SECONDS.sub("", guess):
            yield f"{name}: predicted {guess!r}, real {text!r}"
    if _DATE.sub("DATE", predicted["headline"]) != _DATE.sub("DATE", real.headline):
        yield f"headline: predicted {predicted['headline']!r}, real {real.headline!r}"
    if _plain(predicted["transcript"]) != _plain(real.transcript):
        yield f"transcript: predicted {predicted['transcript']!r}, real {real.transcript!r}"


def _plain(transcript: str) -> str:
    for volatile in (r"\d+ ?ms", _DATE.pattern, r"\]:\d{4,5} "):
        transcript = re.sub(volatile, "*", transcript)
    return transcript
