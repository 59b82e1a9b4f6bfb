"""bin/keeper finds a Python whatever became of the one it was installed with, and says when there is none."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.window import keeper
from tests.unit.install.conftest import SHELLS
from tests.unit.install.product import OLD_PYTHON, Product

pytestmark = pytest.mark.slow

UNITS = Path(keeper.__file__).parents[2] / "units"
SYSTEM_PYTHON = "/usr/bin/python3"


def give_work(product: Product) -> None:
    """A journal that the keeper cannot make anything of: it says so when it gets to work."""
    (product.state / "journal.sqlite").write_bytes(b"garbage " * 1000)


def test_timer_and_cron_line_call_it() -> None:
    call = "/opt/mxverdict/bin/keeper"
    service = (UNITS / "mxverdict-keeper.service").read_text()
    assert f"ExecStart={call}\n" in service
    assert "KillMode=process\n" in service
    timer = (UNITS / "mxverdict-keeper.timer").read_text()
    for setting in ("OnBootSec=10s", "OnUnitActiveSec=30s", "AccuracySec=1s", "WantedBy=timers.target"):
        assert f"{setting}\n" in timer
    assert f"* * * * * root {call} cron; sleep 30; {call} cron\n" in (UNITS / "mxverdict.cron").read_text()


def test_launcher_and_keeper_mean_the_same_file(product: Product) -> None:
    assert Path("/", keeper._FAILURE) == Host("/").keeper_error
    assert Host(product.root).keeper_error == product.error


@pytest.mark.parametrize(
    ("installed", "known"),
    [
        (None, []),
        ("/nowhere/python3.11", [SYSTEM_PYTHON]),
        ("old", [SYSTEM_PYTHON]),
        ("old", ["old", SYSTEM_PYTHON]),
    ],
    ids=["installed", "installed is gone", "installed is old", "first found is old"],
)
@pytest.mark.parametrize("work", [False, True])
@pytest.mark.parametrize("shell", SHELLS)
def test_it_runs_by_the_first_python_that_can(
    product: Product, installed: str | None, known: list[str], work: bool
) -> None:
    old = str(product.program("python3.6", OLD_PYTHON))
    if installed is not None:
        product.knows(
            *(old if one == "old" else one for one in known),
            installed=old if installed == "old" else installed,
        )
    if work:
        give_work(product)
    done = product.keeper()
    if work:
        assert done.returncode == 3
        assert done.stderr.startswith("mxverdict keeper: the journal")
    else:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not product.error.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (OLD_PYTHON, "SyntaxError: future feature annotations is not defined"),
        ("#!/bin/sh\nexit 127\n", "python3.9: exit status 127"),
        ("#!/nowhere/python\n", "python3.9: .*(not found|No such file)"),  # dash and bash 5.2, bash 5.3
        (None, "no Python 3.9 or later is installed"),
    ],
)
@pytest.mark.parametrize(("caller", "shell"), [("timer", SHELLS[0]), ("cron", SHELLS[1])])
def test_without_any_that_can_it_is_an_error_everywhere(
    product: Product, text: str | None, reason: str, caller: str
) -> None:
    log = product.root / "system.log"
    product.program("logger", f'#!/bin/sh\necho "$@" >>{log}\n')
    installed = product.program("python3.9", text) if text else Path("/nowhere/python")
    product.knows(installed=installed)
    done = product.keeper(*(["cron"] if caller == "cron" else []))
    assert (done.returncode, done.stdout) == (3, "")
    said = log.read_text() if caller == "cron" else done.stderr
    assert (done.stderr == "") is (caller == "cron")
    assert said.count("\n") == 1
    assert "test windows do not close" in said
    assert re.search(reason, said)
    assert product.error.stat().st_mode & 0o777 == 0o600
    assert re.search(reason, product.error.read_text())
    assert [path.name for path in product.state.iterdir()] == ["keeper.error"]

    command = product.command("window", "list")
    assert command.returncode == 0
    assert command.stderr.count("\n") == 1
    assert "could not run at" in command.stderr
    assert re.search(reason, command.stderr)
    page = product.page("view=history")
    assert "Test windows do not close automatically right now." in page
    assert "install.sh" in page

    product.knows(SYSTEM_PYTHON)
    assert product.keeper().returncode == 0
    assert not product.error.exists()
    assert product.command("window", "list").stderr == ""
    assert "do not close automatically" not in product.page("view=history")


def test_work_that_breaks_off_is_told_until_a_run_succeeds(product: Product) -> None:
    package = product.home / "plugin"
    target = package.resolve()
    package.unlink()
    left_out = shutil.ignore_patterns("__pycache__", "locale", "web", "judge")
    shutil.copytree(target / "mxverdict", package / "mxverdict", ignore=left_out)
    (package / "mxverdict/window/sweep.py").write_text("import gone\n")
    with sqlite3.connect(product.state / "journal.sqlite") as journal:
        journal.execute("CREATE TABLE windows (state, kind, mailed, closed_at)")
        journal.execute("INSERT INTO windows VALUES ('open', 'whitelist', 0, 0)")
    done = product.keeper()
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "No module named 'gone'" in done.stderr
    assert "No module named 'gone'" in product.error.read_text()
    (product.state / "journal.sqlite").unlink()
    assert product.keeper().returncode == 0
    assert not product.error.exists()
