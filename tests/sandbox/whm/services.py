"""servicestatus and restartservice. Exim is restarted and asked for; the other services are names alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from tests.sandbox.whm.api import Call, Refused

_SERVICES = {
    "exim": "Exim Mail Server",
    "named": "Name Server",
    "cpsrvd": "cPanel Service Daemon",
    "spamd": "Apache SpamAssassin",
    "cpgreylistd": "cPanel Greylisting Daemon",
}

BACKGROUND = ("/buildeximconf", "/restartsrv_exim", "/write_greylist_netblocks")
"""How the paths of the programs end that WHM starts and does not wait for."""


def servicestatus(call: Call) -> dict[str, Any]:
    wanted = call.parameters.get("service")
    if wanted is not None and wanted not in _SERVICES:
        raise Refused("Specified service does not exist.")
    names = [wanted] if wanted else list(_SERVICES)
    return {"service": [_service(call.root, name) for name in names]}


def restartservice(call: Call) -> dict[str, Any]:
    """Result 1 also when the restart failed; only the text in `metadata.output.raw` says so."""
    service = call.parameters.get("service", "")
    if service not in _SERVICES:
        raise Refused("Specified service does not exist.")
    command = call.root / f"usr/local/cpanel/scripts/restartsrv_{service}"
    if call.parameters.get("queue_task") == "1":
        in_background(command)
        return {"service": service}
    done = run(command)
    call.raw = done.stdout + done.stderr
    if done.returncode and "has failed" not in call.raw:
        call.raw += f"\nThe restart of “{service}” has failed.\n"
    return {"service": service}


def run(command: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [str(command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        return subprocess.CompletedProcess([str(command)], 127, "", f"{error}\n")


def in_background(*commands: Path) -> None:
    """Run the commands detached, one after the other until one fails, as WHM's task queue does."""
    script = " && ".join(f'"${{{number}}}"' for number in range(1, len(commands) + 1))
    subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", *map(str, commands)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _service(root: Path, name: str) -> dict[str, Any]:
    """`running` appears only for a service that is enabled and monitored."""
    greylist_off = name == "cpgreylistd" and not (root / "var/cpanel/greylist/enabled").exists()
    status: dict[str, Any] = {
        "name": name,
        "display_name": _SERVICES[name],
        "installed": 1,
        "enabled": int(not greylist_off),
        "monitored": int(name != "cpgreylistd"),
    }
    if status["enabled"] and status["monitored"]:
        status["running"] = int(name != "exim" or _is_running(root / "var/spool/exim/exim-daemon.pid"))
    return status


def _is_running(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True
