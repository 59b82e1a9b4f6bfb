"""A build that failed is answered with what failed: Exim's complaint, with line and file."""

from __future__ import annotations

import pytest

from mxverdict.i18n.message import Message
from mxverdict.whm.build_output import BuildFailed, complaint
from mxverdict.window.messages import open_failed


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "Configuration file has an invalid syntax: the old one stays in place.\n"
            "Exim configuration error in line 1 of /etc/exim.conf.buildtest.5:\n"
            '  main option "this" unknown\n',
            'line 1 of /etc/exim.conf.buildtest.5: main option "this" unknown',
        ),
        (
            "2026-11-30 09:00:00 Exim configuration error in line 812 of /etc/exim.conf.buildtest.7:\n"
            '  error in ACL: unknown ACL condition/modifier in "dely = 20s"\nDry Run failed\n',
            "line 812 of /etc/exim.conf.buildtest.7: error in ACL: unknown ACL condition/modifier "
            'in "dely = 20s"',
        ),
        (
            "Exim configuration error for virtual_user router:\n  a director must name a transport\n",
            "for virtual_user router: a director must name a transport",
        ),
        ("Exim configuration error:\n  missing end-of-file\n", "missing end-of-file"),
        ("exim: error while loading shared libraries\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_what_exim_complains_of(output: str, said: str) -> None:
    assert complaint(output) == said
    failure = str(BuildFailed("buildeximconf", 1, output))
    assert failure.startswith("buildeximconf ended with status 1")
    assert said in failure
    assert ("correct that in WHM" in failure) is bool(said)


def test_what_is_printed_is_one_bounded_line() -> None:
    hostile = f"Exim configuration error in line 1 of /etc/x:\n  \x1b[2J{'x' * 100_000}\n"
    assert len(complaint(hostile)) < 400
    assert "\x1b" not in complaint(hostile)
    assert len(str(BuildFailed("buildeximconf", 1, "Exim configuration error in line 9" * 100_000))) < 1000


def test_a_window_that_did_not_open_for_it_names_another_way_than_the_same_build() -> None:
    failed = open_failed(BuildFailed("buildeximconf", 1, "Exim configuration error:\n  no\n"), "")
    assert failed.hint == BuildFailed.hint
    assert isinstance(failed.hint, Message)
    assert open_failed(ValueError("no"), "").hint == type(failed).hint
