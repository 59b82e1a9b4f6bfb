"""Stand-in for `/usr/local/cpanel/scripts/buildeximconf` (docs/facts/whm.md 3.2, 4.1).

Faults: `buildeximconf-fails` writes a configuration Exim refuses, `buildeximconf-hangs` never ends,
`buildeximconf-waits` holds it up until the switch is off; `bare-keys-are-empty` makes a key without `=` in
`exim.conf.localopts` count as empty instead of absent.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from tests.sandbox import exim_config
from tests.sandbox.localopts import LocalOpts
from tests.sandbox.settings import Settings
from tests.sandbox.whm import faults
from tests.sandbox.whm.daemon import hup
from tests.sandbox.whm.greylist import write_netblocks


def main(root: Path, arguments: Sequence[str]) -> int:
    """0: built, or the dry run is fine. 1: Exim refuses the configuration; the old one stays."""
    options = _parse(arguments)
    if faults.is_on(root, "buildeximconf-hangs"):
        time.sleep(3600)
    while faults.is_on(root, "buildeximconf-waits"):
        time.sleep(0.2)
    text = _configuration(root, options)
    if options.localopts or options.localopts_shadow or options.local or options.acl_dry_run:
        refused = _check(root, text)
        print("Dry Run failed" if refused else "Dry Run ok")
        if refused:
            print(refused)
        return int(refused is not None)
    return build(root, text)


def build(root: Path, text: Optional[str] = None) -> int:
    """Install `text`, or what the settings on disk say. Answers the exit status."""
    write_netblocks(root)
    _hook(root, "prebuildeximconf")
    refused = _check(root, text or _configuration(root, _parse([])), install=True)
    _hook(root, "postbuildeximconf", "--status", "fail" if refused else "ok")
    hup(root)
    if refused:
        print(f"Configuration file has an invalid syntax: the old one stays in place.\n{refused}")
        return 1
    print("Configuration file passes test!  New configuration file was installed.")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="buildeximconf", allow_abbrev=False)
    parser.add_argument("--local", type=Path)
    parser.add_argument("--localopts", type=Path)
    parser.add_argument("--localopts.shadow", type=Path, dest="localopts_shadow")
    parser.add_argument("--acl_dry_run", action="store_true")
    parser.add_argument("--no_chown_spool", action="store_true")
    parser.add_argument("--debug", action="store_true")
    return parser.parse_args(arguments)


def _configuration(root: Path, files: argparse.Namespace) -> str:
    etc = root / "etc"
    options = LocalOpts(
        files.localopts or etc / "exim.conf.localopts",
        files.localopts_shadow or etc / "exim.conf.localopts.shadow",
        bare_is_empty=faults.is_on(root, "bare-keys-are-empty"),
    )
    local = files.local or etc / "exim.conf.local"
    text = exim_config.render(
        root,
        options,
        Settings.load(root),
        greylisting=(root / "var/cpanel/greylist/enabled").exists(),
        overrides=exim_config.overrides_of(local.read_text()) if local.exists() else {},
    )
    broken = "this is no option\n" if faults.is_on(root, "buildeximconf-fails") else ""
    return broken + text


def _check(root: Path, text: str, install: bool = False) -> Optional[str]:
    """Let Exim read the text; when it is fine and wanted, put it in place. Answers Exim's complaint."""
    test = root / f"etc/exim.conf.buildtest.{os.getpid()}"
    test.write_text(text)
    test.chmod(0o644)
    try:
        checked = subprocess.run(
            [str(root / "usr/sbin/exim"), "-C", str(test), "-bV"], capture_output=True, text=True, check=False
        )
        if checked.returncode != 0:
            return checked.stderr.strip() or checked.stdout.strip()
        if install:
            test.replace(root / "etc/exim.conf")
        return None
    finally:
        test.unlink(missing_ok=True)


def _hook(root: Path, name: str, *arguments: str) -> None:
    hook = root / "usr/local/cpanel/scripts" / name
    if os.access(hook, os.X_OK):
        sys.stdout.flush()
        subprocess.run([str(hook), *arguments], stdin=subprocess.DEVNULL, check=False)
