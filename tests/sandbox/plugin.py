"""Puts the product's page and privilege into the sandbox's WHM, as install.sh does on a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.sandbox.server_files import REPOSITORY

_OPT = "/opt/mxverdict"
_DOCROOT = "usr/local/cpanel/whostmgr/docroot"
_DRIVERS = "usr/local/cpanel/Cpanel/Config/ConfigObj/Driver"
_APPS = "var/cpanel/apps"
_REGISTER = "usr/local/cpanel/bin/register_appconfig"


def install_plugin(root: Path, python: str = sys.executable, plugin_dir: Path = REPOSITORY / "plugin") -> str:
    """Lay the CGI, its icon and the driver of its privilege below `root`, and register the AppConfig.

    Returns the page's path on the web.
    `python` runs the CGI, which finds the package in `plugin_dir`.
    """
    appconfig = REPOSITORY / "appconfig/mxverdict.conf"
    keys = dict(re.findall(r"^(\w+)=(.*)$", appconfig.read_text(), re.MULTILINE))
    script = root / _DOCROOT / "cgi" / keys["entryurl"]
    script.parent.mkdir(mode=0o700, exist_ok=True)
    text = (REPOSITORY / "cgi/index.cgi").read_text()
    text = text.replace(f"{_OPT}/venv/bin/python", python).replace(f"{_OPT}/plugin", str(plugin_dir))
    script.write_text(text)
    script.chmod(0o700)
    for icon in (REPOSITORY / "appconfig").glob(keys["icon"]):
        shutil.copy(icon, root / _DOCROOT / "addon_plugins" / icon.name)
    for module in ("MXVerdict.pm", "MXVerdict/META.pm"):
        (root / _DRIVERS / module).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "appconfig" / module, root / _DRIVERS / module)
    os.utime(root / _DRIVERS)
    (root / _APPS).mkdir(mode=0o755, exist_ok=True)
    subprocess.run([root / _REGISTER, appconfig], check=True, capture_output=True)
    return f"/cgi/{keys['entryurl']}"
