"""Lays WHM's executables, folders and data out below a root."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.sandbox.whm import accounts, appconfig, certificate, defaults

_HERE = Path(__file__).resolve().parent
_REPOSITORY = _HERE.parents[2]
_CPANEL = "usr/local/cpanel"
_FOLDERS = (
    "etc",
    "sandbox/faults",
    "usr/local/cpanel/3rdparty/bin",
    "usr/local/cpanel/Cpanel/Config/ConfigObj/Driver",
    "usr/local/cpanel/bin",
    "usr/local/cpanel/libexec",
    "usr/local/cpanel/logs",
    "usr/local/cpanel/scripts",
    "usr/local/cpanel/whostmgr/docroot/addon_plugins",
    "usr/local/cpanel/whostmgr/docroot/cgi/addons",
    "usr/local/cpanel/whostmgr/docroot/styles",
    "var/cpanel/apps",
    "var/cpanel/greylist",
    "var/cpanel/users",
    "var/run",
)
_LAUNCHERS = {
    "bin/whmapi1": ("whmapi1", "main"),
    "bin/register_appconfig": ("appconfig", "register_main"),
    "bin/unregister_appconfig": ("appconfig", "unregister_main"),
    "bin/is_registered_with_appconfig": ("appconfig", "is_registered_main"),
    "libexec/write_greylist_netblocks": ("greylist", "writer_main"),
}
_LAUNCHER = """#!{python} -IS
import sys
from pathlib import Path

sys.path.insert(0, {repository!r})
from tests.sandbox.whm.{module} import {function}

sys.exit({function}(Path(__file__).resolve().parents[{depth}], sys.argv[1:]))
"""


def install(root: Path, *, python: str = sys.executable) -> None:
    """Data files that are there already are kept; `python` runs the executables."""
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, (module, function) in _LAUNCHERS.items():
        path = root / _CPANEL / name
        depth = len(path.relative_to(root).parts) - 1
        path.write_text(
            _LAUNCHER.format(
                python=python, repository=str(_REPOSITORY), module=module, function=function, depth=depth
            )
        )
        path.chmod(0o755)
    _install_perl(root / _CPANEL)
    shutil.copy(_HERE / "whm.css", root / _CPANEL / "whostmgr/docroot/styles/whm.css")
    _write_data(root)
    appconfig.refresh_menu(root)
    certificate.make(root, (root / "etc/hostname").read_text().strip())


def _install_perl(cpanel: Path) -> None:
    shutil.copytree(_HERE / "perl", cpanel, dirs_exist_ok=True)
    system_perl = shutil.which("perl", path="/usr/bin:/bin")
    link = cpanel / "3rdparty/bin/perl"
    if system_perl and not link.exists():
        link.symlink_to(system_perl)


def _write_data(root: Path) -> None:
    files = {
        "etc/hostname": [defaults.HOST_NAME],
        "etc/ips": [f"{address}:255.255.255.0:" for address in defaults.MORE_ADDRESSES],
        "etc/wwwacct.conf": [f"CONTACTEMAIL {defaults.CONTACT}", f"HOST {defaults.HOST_NAME}"],
        "usr/local/cpanel/version": [defaults.VERSION],
        "var/cpanel/mainip": [defaults.MAIN_ADDRESS],
        "var/cpanel/resellers": [f"{user}:{','.join(names)}" for user, names in defaults.RESELLERS.items()],
        "sandbox/passwords": [f"{user}:{password}" for user, password in defaults.PASSWORDS.items()],
        "sandbox/tokens": [
            f"{token.user}:{token.name}:{token.secret}:{','.join(sorted(token.privileges))}"
            for token in defaults.TOKENS
        ],
    }
    for name, lines in files.items():
        path = root / name
        if not path.exists():
            path.write_text("".join(f"{line}\n" for line in lines))
    if not any((root / "var/cpanel/users").iterdir()):
        for account in defaults.ACCOUNTS:
            accounts.write(root, account)
