"""Puts the product and its page and privilege into the sandbox's WHM, as install.sh does on a server."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.sandbox.server_files import REPOSITORY

_APPCONFIG = REPOSITORY / "appconfig/mxverdict.conf"
_OPT = "opt/mxverdict"
_PROGRAMS = ("keeper", "mxverdict", "python.sh", "start.py")
_DOCROOT = "usr/local/cpanel/whostmgr/docroot"
_DRIVERS = "usr/local/cpanel/Cpanel/Config/ConfigObj/Driver"
_APPS = "var/cpanel/apps"
_REGISTER = "usr/local/cpanel/bin/register_appconfig"
_NOTHING: Mapping[str, str] = MappingProxyType({})


def lay_out(root: Path, *, python: str = sys.executable, plugin_dir: Path = REPOSITORY / "plugin") -> Path:
    """Make `opt/mxverdict` below `root`, with the package of `plugin_dir`, and return it.

    `python` is the one that install.sh found; the virtual environment is the one that this process runs in.
    """
    home = root / _OPT
    (home / "bin").mkdir(parents=True, exist_ok=True)
    for name in _PROGRAMS:
        program = home / "bin" / name
        program.write_text(_moved(REPOSITORY / "bin" / name, home).replace("@PYTHON@", python))
        program.chmod((REPOSITORY / "bin" / name).stat().st_mode)
    for link, target in (("plugin", plugin_dir), ("venv", Path(sys.prefix))):
        (home / link).unlink(missing_ok=True)
        (home / link).symlink_to(target)
    return home


def install_plugin(
    root: Path, *, plugin_dir: Path = REPOSITORY / "plugin", environment: Mapping[str, str] = _NOTHING
) -> str:
    """Lay product, CGI, icon and the driver of the privilege below `root`, and register the AppConfig.

    Returns the page's path on the web. The CGI gets the variables of `environment` besides cpsrvd's.
    """
    lay_page(root, lay_out(root, plugin_dir=plugin_dir), environment)
    keys = _keys()
    for icon in (REPOSITORY / "appconfig").glob(keys["icon"]):
        shutil.copy(icon, root / _DOCROOT / "addon_plugins" / icon.name)
    for module in ("MXVerdict.pm", "MXVerdict/META.pm"):
        (root / _DRIVERS / module).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "appconfig" / module, root / _DRIVERS / module)
    os.utime(root / _DRIVERS)
    (root / _APPS).mkdir(mode=0o755, exist_ok=True)
    subprocess.run([root / _REGISTER, _APPCONFIG], check=True, capture_output=True)
    return f"/cgi/{keys['entryurl']}"


def lay_page(root: Path, home: Path, environment: Mapping[str, str] = _NOTHING) -> Path:
    """Write the CGI below `root` for the product in `home`, and return it; it sets `environment` itself."""
    script = root / _DOCROOT / "cgi" / _keys()["entryurl"]
    script.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    first, rest = _moved(REPOSITORY / "cgi/index.cgi", home).split("\n", 1)
    variables = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    script.write_text("\n".join([first, *variables, rest]))
    script.chmod(0o700)
    return script


def _keys() -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", _APPCONFIG.read_text(), re.MULTILINE))


def _moved(program: Path, home: Path) -> str:
    return program.read_text().replace(f"/{_OPT}", str(home))
