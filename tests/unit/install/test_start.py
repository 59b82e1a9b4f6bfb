"""Command and page after the system's Python changed under them, or their packages were damaged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

import pytest

from mxverdict.installation import PACKAGES
from tests.sandbox.server_files import REPOSITORY
from tests.unit.install.conftest import SHELLS
from tests.unit.install.product import Product, own_copy

pytestmark = pytest.mark.slow

SYSTEM_PYTHON = "/usr/bin/python3"
CHANGED = "Python has changed since MX Verdict was installed"


def environment_is_gone(product: Product) -> str:
    (product.home / "venv").unlink()
    return CHANGED


def interpreter_is_gone(product: Product) -> str:
    product.own_environment()
    python = product.home / "venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.6")
    return CHANGED


def made_for_another_version(product: Product) -> str:
    product.own_environment(made_for="python3.2")
    return CHANGED


def package_is_missing(product: Product) -> str:
    packages = product.own_environment()
    for folder in ("jinja2", "rich"):
        (packages / folder).unlink()
    return "files of MX Verdict are missing or damaged"


def package_raises_import_error(product: Product) -> str:
    packages = product.own_environment()
    for folder in ("jinja2", "rich"):
        (own_copy(packages / folder) / "__init__.py").write_text("from nowhere import nothing\n")
    return "files of MX Verdict are missing or damaged"


def package_is_cut_off(product: Product) -> str:
    packages = product.own_environment()
    for folder, name in (("jinja2", "environment.py"), ("rich", "console.py")):
        file = own_copy(packages / folder) / name
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2] + b"\0(")
    return "files of MX Verdict are missing or damaged"


Fault = Callable[[Product], str]
FAULTS = [
    environment_is_gone,
    interpreter_is_gone,
    made_for_another_version,
    package_is_missing,
    package_raises_import_error,
    package_is_cut_off,
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("words", [("explain", "report.txt"), ("explain", "report.txt", "--json"), ("log",)])
def test_a_command_says_it_in_one_line(
    product: Product, fault: Fault, words: tuple[str, ...], tmp_path: Path
) -> None:
    told = fault(product)
    (tmp_path / "report.txt").write_bytes((REPOSITORY / "tests/corpus/smtp_page_2026.txt").read_bytes())
    (tmp_path / "var/log").mkdir()
    (tmp_path / "var/log/exim_mainlog").touch()
    done = product.command(*(str(tmp_path / word) if word == "report.txt" else word for word in words))
    lines = done.stderr.splitlines()
    assert "--json" in words or done.returncode == 3, done.stdout + done.stderr
    assert [line for line in lines if told in line], done.stderr
    assert len(lines) == 1
    assert lines[0].endswith("Run install.sh again.")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("query", ["", "view=history", "view=state"])
def test_the_page_says_it(product: Product, fault: Fault, query: str) -> None:
    told = fault(product)
    page = product.page(query, broken=True)
    if query == "view=state":  # needs no package
        assert page.startswith("Status: 200 OK")
        return
    head, _, body = page.partition("\n\n")
    assert head.startswith("Status: 200 OK\n")  # it is sent before what can fail, as for any page
    assert "Content-Type: text/html; charset=utf-8" in head
    assert "Content-Security-Policy: " in head
    assert re.search(
        f'role="alert"><strong>{told}[^<]*\\.</strong> Run install.sh again.</p>', body, re.IGNORECASE
    )


@pytest.mark.parametrize("fault", FAULTS[:3])
def test_windows_are_still_listed_and_closed(product: Product, fault: Fault) -> None:
    fault(product)
    for action in ("list", "close"):
        done = product.command("window", action)
        assert CHANGED in done.stderr or (action == "close" and done.returncode == 2), done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_the_search_for_a_python_runs_no_program_of_the_callers_path(product: Product) -> None:
    environment_is_gone(product)
    product.knows(SYSTEM_PYTHON)
    sprung = product.root / "sprung"
    for name in ("readlink", "stat", "python3"):
        product.program(name, f"#!/bin/sh\necho {name} >>{sprung}\nexit 1\n")
    assert CHANGED in product.command("window", "list").stderr
    assert not sprung.exists(), sprung.read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_without_any_python_command_and_page_say_so(product: Product) -> None:
    environment_is_gone(product)
    product.knows()
    done = product.command("check")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "no Python 3.9 or later is installed" in done.stderr
    page = product.page(broken=True)
    assert page.startswith("Status: 500 Internal Server Error\n")
    assert "Content-Type: text/plain" in page
    assert "no Python 3.9 or later is installed" in page.partition("\n\n")[2]


def test_an_environment_whose_python_cannot_start_is_left_once_the_keeper_noticed(product: Product) -> None:
    product.own_environment()
    python = product.home / "venv/bin/python"
    python.unlink()
    python.write_text("#!/bin/sh\nexit 127\n")
    python.chmod(0o755)
    product.knows(installed=python)
    assert product.keeper().returncode == 3
    product.knows(SYSTEM_PYTHON)
    product.error.write_text("exit status 127\n")
    assert CHANGED in product.page(broken=True)
    assert CHANGED in product.command("window", "list").stderr


@pytest.mark.parametrize("text", [None, "from __future__ import unknown\n"])
def test_a_package_that_cannot_be_imported_is_said_in_one_line(product: Product, text: str | None) -> None:
    package = product.home / "plugin"
    package.unlink()
    (package / "mxverdict").mkdir(parents=True)
    if text:
        (package / "mxverdict/__init__.py").write_text(text)
    done = product.command("check")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("Run install.sh again.\n")
    page = product.page(broken=True)
    assert page.startswith("Status: 500 Internal Server Error\n")
    assert page.rstrip().endswith("Run install.sh again.")


@pytest.mark.parametrize("program", ["command", "page"])
def test_a_python_that_is_too_old_is_said_in_one_line(product: Product, program: str) -> None:
    start = product.home / "bin/start.py"
    text = start.read_text()
    start.write_text(text.replace("import sys\n", "import sys\n\nsys.version_info = (3, 8, 18)\n", 1))
    said = product.page(broken=True) if program == "page" else product.command("check").stderr
    assert said.splitlines()[-1].endswith("Python 3.8 is too old. Run install.sh again.")
    assert program == "command" or said.startswith("Status: 500 ")


def test_each_locked_package_is_looked_at() -> None:
    lock = (REPOSITORY / "requirements.lock").read_text()
    assert set(re.findall("^([a-z0-9-]+)==", lock, re.MULTILINE)) == set(PACKAGES)
