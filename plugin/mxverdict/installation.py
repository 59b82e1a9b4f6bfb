"""Whether what install.sh installed can still run: Python, packages, keeper. Standard library only."""

from __future__ import annotations

import os
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Optional

from mxverdict.errors import InstallationBroken, KeeperFailed
from mxverdict.fs.read import open_regular
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.sanitize import visible

PACKAGES = (
    "certifi", "charset-normalizer", "dnspython", "idna", "jinja2", "markdown-it-py", "markupsafe",
    "mdurl", "pygments", "requests", "rich", "urllib3",
)  # fmt: skip
"""The distributions of `requirements.lock`."""
_CODE = (".py", ".so")
_REASON_LIMIT = 400


def python_changed() -> Optional[InstallationBroken]:
    """Return the error to report when this interpreter has no packages of ours: bin/python.sh found no usable
    virtual environment, or it was made for another version of Python."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    in_environment = sys.prefix != sys.base_prefix
    if sys.flags.no_site or (
        in_environment and not Path(sys.prefix, "lib", version, "site-packages").is_dir()
    ):
        return InstallationBroken(Message("Python has changed since MX Verdict was installed"))
    return None


def cause(error: Exception) -> Optional[InstallationBroken]:
    """Return the error to report in place of one that nobody expected, when the installation is at fault."""
    changed = python_changed()
    if changed is not None:
        return changed
    damaged = _damaged_file()
    if not damaged and isinstance(error, (ImportError, SyntaxError)):
        damaged = visible(" ".join(str(error).split()))
    if not damaged:
        return None
    return InstallationBroken(Message("files of MX Verdict are missing or damaged: {name}", name=damaged))


def keeper_failure(host: Host) -> Optional[KeeperFailed]:
    """Return why the keeper could not run the last time; None when it could, or for anybody but root."""
    try:
        with os.fdopen(open_regular(host.keeper_error), encoding="utf-8", errors="replace") as file:
            reason = file.read(_REASON_LIMIT)
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(host.keeper_error.stat().st_mtime))
    except OSError:
        return None
    return KeeperFailed(moment, visible(" ".join(reason.split())))


def _damaged_file() -> str:
    """Return the first program file that differs from what its package's RECORD says, "" when none does."""
    import hashlib
    from importlib.metadata import PackageNotFoundError, distribution

    for name in PACKAGES:
        try:
            files = distribution(name).files
        except (PackageNotFoundError, OSError, ValueError):
            return name
        if not files:
            return name
        for file in files:
            if file.hash is None or file.suffix not in _CODE:
                continue
            try:
                digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
            except (OSError, ValueError):
                return str(file)
            if urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
                return str(file)
    return ""
