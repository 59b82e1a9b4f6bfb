"""The interpreter that runs the product, and its packages."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata

from mxverdict.errors import HostError
from mxverdict.evidence.selfcheck import Package, PythonFacts
from mxverdict.host import Host

PACKAGES = ("requests", "idna", "dnspython", "jinja2", "rich")
"""What the product needs beside the standard library (pyproject.toml)."""
_TIMEOUT = 10.0
_ASK_VERSION = "import platform; print(platform.python_version())"
_OWN = "/opt/mxverdict/"
_SYSTEM = ("/usr/bin/", "/usr/local/bin/", "/usr/libexec/")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+]{0,30}", re.ASCII)


def python_facts(host: Host) -> PythonFacts:
    executable = sys.executable or ""
    place = (
        "own" if executable.startswith(_OWN) else "system" if executable.startswith(_SYSTEM) else "elsewhere"
    )
    return PythonFacts(
        platform.python_version(),
        place,
        tuple(Package(name, _version(name)) for name in PACKAGES),
        _system_version(host),
        cpanel_python=(host.perl.parent / "python3").exists(),
    )


def _system_version(host: Host) -> str:
    try:
        said = host.run([host.python, "-I", "-S", "-c", _ASK_VERSION], timeout=_TIMEOUT).stdout.strip()
    except HostError:
        return ""
    return said if _VERSION.fullmatch(said) else ""


def _version(name: str) -> str:
    try:
        text = metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
    return text if _VERSION.fullmatch(text) else "unclear"
