"""Predictions equal reality for configurations at random: `--configurations N` of them, by `--seed`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests.integration.configurations import Comparer, Configuration, described, draw
from tests.integration.predictions import compare
from tests.sandbox.box import Sandbox

_AT_A_TIME = 4


@pytest.mark.slow
@pytest.mark.waits
@pytest.mark.random
def test_predictions_equal_reality(random: Random, pytestconfig: pytest.Config) -> None:
    wanted = [draw(random) for _ in range(pytestconfig.option.configurations)]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        shares = pool.map(wrong_ones, (wanted[n::_AT_A_TIME] for n in range(_AT_A_TIME)))
        wrong = [one for share in shares for one in share]
    assert not wrong, f"{len(wrong)} of {len(wanted)} predictions were wrong:\n" + "\n".join(wrong)


def wrong_ones(wanted: Sequence[Configuration]) -> list[str]:
    if not wanted:
        return []
    with Sandbox() as box:
        comparer = Comparer(box)
        told = ((one, differences(comparer, one)) for one in wanted)
        return [described(one, found) for one, found in told if found]


def differences(comparer: Comparer, wanted: Configuration) -> list[str]:
    """What was predicted wrong, or judged wrong: who is refused for its rate did nothing wrong."""
    comparer.bring_into_force(wanted)
    log = comparer.box.root / "var/log/exim_mainlog"
    before = len(log.read_text())
    comparison = compare(
        comparer.box,
        patience=comparer.PATIENCE,
        warn=comparer.WARN,
        bad=comparer.BAD,
        source=wanted.source,
        server=wanted.server,
        ehlo=wanted.ehlo,
        tolerance=comparer.TOLERANCE,
    )
    found = list(comparison.differences)
    verdict = comparison.verdicts.get("SMTP Connect")
    limited = "Host is ratelimited" in log.read_text()[before:]
    if verdict is not None and (verdict == "false_positive") != limited:
        found.append(f"SMTP Connect is {verdict}, rate limited: {limited}")
    return found
