"""Other programs that add lines to the list file while windows open and close."""

from __future__ import annotations

import subprocess
import sys

from tests.integration.windows import Windows

APPENDS = """
import itertools, os, sys, time
path, stop = sys.argv[1:]
for n in itertools.count():
    if os.path.exists(stop):
        break
    with open(path, "ab") as file:
        time.sleep(0.005)
        file.write(b"10.%d.%d.%d\\n" % (1 + n // 62500, n // 250 % 250, n % 250))
    time.sleep(0.001)
print(n)
"""
"""What `echo … >>` does, slowly: the file is open for a while before the line is written."""
REWRITES = """
import itertools, os, shutil, sys, time
path, stop = sys.argv[1:]
for n in itertools.count():
    if os.path.exists(stop):
        break
    with open(path, "rb") as file:
        content = file.read()
    with open(path + ".theirs", "wb") as file:
        file.write(content + b"10.%d.%d.%d\\n" % (1 + n // 62500, n // 250 % 250, n % 250))
    shutil.copystat(path, path + ".theirs")
    os.chown(path + ".theirs", os.stat(path).st_uid, os.stat(path).st_gid)
    os.rename(path + ".theirs", path)
    time.sleep(0.015)
print(n)
"""
"""What `sed -i` does."""


def theirs(count: int) -> bytes:
    return b"".join(b"10.%d.%d.%d\n" % (1 + n // 62500, n // 250 % 250, n % 250) for n in range(count))


class Product:
    """Another program that adds lines to the list file all the time, until `stop`."""

    def __init__(self, windows: Windows, code: str) -> None:
        self._stop = windows.box.root / "sandbox/stop"
        self._stop.unlink(missing_ok=True)
        path = windows.host.sender_verify_bypass_hosts
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(self._stop)], stdout=subprocess.PIPE, text=True
        )

    def stop(self) -> bytes:
        """Answers all the lines it added."""
        self._stop.touch()
        out, _ = self._process.communicate(timeout=10)
        return theirs(int(out))


def in_order(content: bytes) -> bytes:
    return b"".join(sorted(content.splitlines(keepends=True)))
