"""What root's commands touch is in a table, with who can influence it and the test that holds it."""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from mxverdict.window import keeper
from tests.integration.windows import Windows
from tests.named_tests import exists
from tests.sandbox.box import Sandbox
from tests.sandbox.plugin import install_plugin
from tests.sandbox.server_files import REPOSITORY
from tests.tenant.accesses import Access, accesses, traced

TABLE = REPOSITORY / "tests/tables/accesses.tsv"
SERVER = "203.0.113.10"


class Row(NamedTuple):
    how: str
    what: str
    influence: str
    held_by: str

    def covers(self, access: Access) -> bool:
        return access.how in self.how.split("/") and fnmatchcase(access.what, self.what)


def rows() -> list[Row]:
    with TABLE.open(newline="") as file:
        lines = csv.reader((line for line in file if not line.startswith("#")), delimiter="\t")
        return [Row(*line) for line in lines]


def _below_tmp(folder: Path) -> Path:
    return next(one for one in folder.parents if one.parent == Path(tempfile.gettempdir()))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Access, str]]:
    """Each access of the product's commands, pages and keeper, with one that does it."""
    folder = tmp_path_factory.mktemp("traces")
    with Sandbox() as box:
        install_plugin(box.root)
        places = {
            sys.prefix: "<venv>", os.path.realpath(sys.base_prefix): "<python>", sys.base_prefix: "<python>",
            str(REPOSITORY / "plugin"): "<product>", str(box.root / "opt/mxverdict"): "<product>",
            str(box.root): "", str(box.root.parent): "<sandbox>",
            str(_below_tmp(folder)): "<folder of the caller>",
            **{str(one): "<product>" for one in (REPOSITORY, *REPOSITORY.parents[:-1])},
        }  # fmt: skip
        found: dict[Access, str] = {}

        def trace(
            name: str, *words: object, stdin: str = "", statuses: tuple[int, ...] = (0,), **variables: str
        ) -> None:
            log = folder / "strace"
            done = box.run([*traced(log), *words], stdin=stdin, env=variables, timeout=200)
            assert done.returncode in statuses, (name, done.returncode, done.stderr)
            assert not {"Traceback", "incident"}.intersection(done.stderr.split()), (name, done.stderr)
            for access in accesses(log, places):
                found.setdefault(access, name)

        def command(*words: str, stdin: str = "", statuses: tuple[int, ...] = (0, 1)) -> None:
            program = [sys.executable, "-m", "mxverdict.cli.main"]
            trace(" ".join(words), *program, *words, stdin=stdin, statuses=statuses)

        saved = folder / "saved.json"
        command("check", "--save", str(saved))
        command("check", SERVER, "--json")
        command("check", "shop.example")
        command("judge", str(saved))
        command("report", "--evidence", str(saved), "-o", str(folder / "report.html"))
        command("explain", stdin="15.3 seconds - Not good! on Connection Time\n")
        command("outbound", "partner.example")
        command("testers", "list")
        for word in ("preview", "log", "selfcheck"):
            command(word)
        command("window", "open", "--whitelist", "--minutes", "5")
        command("window", "open", "--delay-off", "--minutes", "5")
        command("window", "list")
        command("window", "extend", "1", "--minutes", "9")
        command("window", "close", "--all")
        command("window", "open", "--permanent", "--address", "198.51.100.7")
        command("window", "close", "3")
        for kind in ("whitelist", "delay_off"):
            windows = Windows(box)
            windows.open(kind, ["198.51.100.8"], 5)
            windows.let_time_pass(600)
            trace("keeper", sys.executable, "-I", "-S", keeper.__file__)
        start = [sys.executable, "-I", box.root / "opt/mxverdict/bin/start.py", "page"]
        for view in ("", "log", "history", "settings", "explain", "domain", "selfcheck"):
            trace(
                f"page {view}", *start, REQUEST_METHOD="GET", QUERY_STRING=f"view={view}", REMOTE_USER="root",
                cp_security_token="/cpsess1234567890",
            )  # fmt: skip
        yield found


def test_each_access_is_in_the_table(seen: dict[Access, str]) -> None:
    known = rows()
    missing = [one for one in sorted(seen) if not any(row.covers(one) for row in known)]
    assert not missing, "\n".join(f"{one.how}\t{one.what}\t({seen[one]})" for one in missing)


def test_each_row_that_another_can_influence_is_met(seen: dict[Access, str]) -> None:
    theirs = [row for row in rows() if row.influence != "root"]
    never = [row for row in theirs if not any(row.covers(access) for access in seen)]
    assert not never, never


def test_each_row_that_another_can_influence_is_held_by_a_test() -> None:
    for row in rows():
        if row.influence == "root":
            assert row.held_by == "-", row
            continue
        for test in row.held_by.split():
            assert exists(test), row
