"""A deadline holds by two clocks, whichever says so first."""

from __future__ import annotations

from mxverdict.window.deadline import ClockReading, Deadline

START = ClockReading(wall=1_000_000.0, boot=5_000.0, boot_id="a")
DEADLINE = Deadline.after(START, 900)


def at(wall: float, boot: float, boot_id: str = "a") -> ClockReading:
    return ClockReading(START.wall + wall, START.boot + boot, boot_id)


def test_not_before_and_from_the_deadline_on() -> None:
    assert not DEADLINE.due(at(899, 899))
    assert DEADLINE.due(at(900, 900))


def test_a_wall_clock_put_back_does_not_prolong() -> None:
    assert not DEADLINE.due(at(-86_400, 899))
    assert DEADLINE.due(at(-86_400, 900))


def test_a_wall_clock_put_forward_ends_it() -> None:
    assert DEADLINE.due(at(7200, 10))


def test_after_a_reboot_the_wall_clock_counts() -> None:
    assert not DEADLINE.due(ClockReading(START.wall + 600, 30, "b"))
    assert DEADLINE.due(ClockReading(START.wall + 900, 30, "b"))


def test_after_a_reboot_with_a_wall_clock_that_proves_nothing() -> None:
    assert DEADLINE.due(ClockReading(START.wall - 1, 30, "b"))


def test_after_a_reboot_being_up_for_the_whole_span_is_enough() -> None:
    assert not DEADLINE.due(ClockReading(START.wall + 100, 899, "b"))
    assert DEADLINE.due(ClockReading(START.wall + 100, 900, "b"))


def test_unknown_boots_are_not_the_same_boot() -> None:
    unknown = Deadline.after(ClockReading(START.wall, START.boot, ""), 900)
    assert not unknown.due(ClockReading(START.wall + 10, 20, ""))


def test_later_never_shortens() -> None:
    assert DEADLINE.later(Deadline.after(at(0, 0), 60)) == DEADLINE
    assert DEADLINE.later(Deadline.after(at(60, 60), 900)).wall == START.wall + 960


def test_later_is_not_fooled_by_a_wall_clock_put_back() -> None:
    longer = Deadline.after(at(-3600, 60), 900)
    assert DEADLINE.later(longer) == longer
