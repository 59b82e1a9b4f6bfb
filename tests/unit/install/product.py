"""The product as install.sh leaves it, in a folder, and what becomes of its Python and its packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

from mxverdict.installation import PACKAGES
from tests.output_schema import validated
from tests.sandbox.plugin import lay_out, lay_page

VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
OLD_PYTHON = """#!/bin/sh
echo 'SyntaxError: future feature annotations is not defined' >&2
exit 1
"""
"""What Python 3.6 says to each file of the package."""


class Product:
    """`shell` runs its programs: /bin/sh is dash on Debian and bash in POSIX mode on EL."""

    def __init__(self, root: Path, shell: Sequence[str]) -> None:
        self.root = root
        self.home = lay_out(root, python=_base_interpreter())
        self.page_program = lay_page(root, self.home)
        self.state = root / "var/lib/mxverdict"
        self.state.mkdir(mode=0o700, parents=True)
        self.error = self.state / "keeper.error"
        self._shell = shell
        self._system_log = root / "logger"

    def run(self, program: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.root}/programs:/usr/bin:/bin",
            "MXVERDICT_ROOT": str(self.root),
            "LANG": "C.UTF-8",
            **variables,
        }
        return subprocess.run(
            [*self._shell, program, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    def keeper(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.home / "bin/keeper", *words)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = self.run(self.home / "bin/mxverdict", *words)
        if "--json" in words and done.stdout:
            validated(words, done.stdout)
        return done

    def page(self, query: str = "", *, broken: bool = False) -> str:
        """The answer to root's GET, headers first. A page of a `broken` installation may report an
        incident."""
        done = self.run(
            self.page_program, REQUEST_METHOD="GET", QUERY_STRING=query, REMOTE_USER="root",
            cp_security_token="/cpsess1234567890",
        )  # fmt: skip
        said = done.stderr.splitlines()
        reported = [line for line in said if broken and line.startswith("MX Verdict: incident ")]
        assert (done.returncode, said) == (0, reported)
        return done.stdout

    def knows(self, *pythons: object, installed: object = "/nowhere/python3.6") -> None:
        """Have the programs find these interpreters and no others."""
        script = self.home / "bin/python.sh"
        text = script.read_text()
        text = re.sub(
            "known_pythons='.*?'", f"known_pythons='{' '.join(map(str, pythons))}'", text, flags=re.DOTALL
        )
        script.write_text(re.sub("installed_python=.*", f"installed_python={installed}", text))

    def program(self, name: str, text: str) -> Path:
        """A program that the others find first."""
        path = self.root / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def own_environment(self, *, made_for: str = VERSION) -> Path:
        """Give it a virtual environment to damage; returns the folder with links to its packages."""
        venv = self.home / "venv"
        venv.unlink()
        packages = venv / "lib" / made_for / "site-packages"
        packages.mkdir(parents=True)
        for name in PACKAGES:
            found = distribution(name)
            for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
                (packages / top).symlink_to(str(found.locate_file(top)))
        (venv / "bin").mkdir()
        (venv / "bin/python").symlink_to(_base_interpreter())
        (venv / "pyvenv.cfg").write_text(
            f"home = {Path(_base_interpreter()).parent}\ninclude-system-site-packages = false\n"
        )
        return packages


def own_copy(package: Path) -> Path:
    """Put a copy in the place of the link to a package."""
    source = package.resolve()
    package.unlink()
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


def _base_interpreter() -> str:
    return os.path.realpath(sys.executable)
