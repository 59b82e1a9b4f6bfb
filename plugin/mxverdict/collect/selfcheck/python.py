"""The interpreter that runs the product, and its packages."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata

from mxverdict.evidence.selfcheck import Package, PythonFacts
from mxverdict.host import Host

PACKAGES = ("requests", "idna", "dnspython", "jinja2", "rich", "dmarc")
"""What the product needs beside the standard library (pyproject.toml)."""
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
        cpanel_python=(host.perl.parent / "python3").exists(),
    )


def _version(name: str) -> str:
    try:
        text = metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
    return text if _VERSION.fullmatch(text) else "unclear"
