"""The file tree that machines start from: a small Debian with systemd, made once and kept in CACHE."""

from __future__ import annotations

import fcntl
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

CACHE = Path("/var/cache/mxverdict-machine")
REPOSITORY = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"

_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "cron", "python3", "python3-venv",
    "exim4-daemon-heavy", "iproute2", "openssl", "perl",
)  # fmt: skip
# Debian's own mail server stays down: cPanel brings its own, and `/usr/sbin/exim` is its name.
_CUT = "rm -f usr/sbin/exim usr/sbin/sendmail; rm -rf var/cache/apt/archives/* var/lib/apt/lists/*"
_OFF = (
    "exim4.service",
    "exim4-base.timer",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
)


def tree() -> Path:
    """A Debian of the release this machine runs."""
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    return _cached(f"{codename}\n{_PACKAGES}\n{_CUT}\n{_OFF}", lambda folder: _debootstrap(codename, folder))


def wheels(lock: Path = REPOSITORY / "requirements.lock") -> Path:
    """The files that a lock file names, for a machine that has no network."""
    return _cached(f"{sys.platform}\n{lock.read_text()}", lambda folder: _download(lock, folder))


def _cached(key: str, make: Callable[[Path], None]) -> Path:
    CACHE.mkdir(mode=0o755, exist_ok=True)
    made = CACHE / hashlib.sha256(key.encode()).hexdigest()[:16]
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = made.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(made)
    return made


def _debootstrap(codename: str, folder: Path) -> None:
    _run("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", codename, folder)
    _run("sh", "-c", f'cd "$1" && {_CUT}', "sh", folder)
    _run("systemctl", f"--root={folder}", "disable", *_OFF)


def _download(lock: Path, folder: Path) -> None:
    """With the Python that the machine has, too: the lock names other files for other versions."""
    with tempfile.TemporaryDirectory() as venv:
        _run(SYSTEM_PYTHON, "-m", "venv", venv)
        _run(
            f"{venv}/bin/pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
            "--require-hashes", "-r", lock, "-d", folder,
        )  # fmt: skip


def _run(*command: object) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")
