"""Records what this machine's Exim prints in simulated sessions.

Run by hand: `python -m tests.sandbox.record_traces FOLDER`.

Writes `exim-VERSION.txt`: for each scene a line `== SCENE`, then the trace with the sandbox's folder cut off.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sandbox.box import TESTER, Sandbox
from tests.sandbox.network import SERVER_IPV4

DIALOGUE = (
    "EHLO keeper-us-east-1d.mxtoolbox.com\r\nMAIL FROM:<supertool@mxtoolboxsmtpdiag.com>\r\n"
    "RCPT TO:<test@mxtoolboxsmtpdiag.com>\r\n"
)
NAME = "keeper-us-east-1d.mxtoolbox.com"
SCENES = {
    "unknown": ("", ""),
    "network": ("senderverifybypasshosts", "18.209.86.0/24"),
    "name": ("backupmxhosts", NAME),
    "refused": ("spammeripblocks", TESTER),
}
"""Scene: the list that holds the tester and its entry there."""


def main() -> None:
    with Sandbox() as box:
        version = re.search(r"Exim version (\S+)", box.run([box.root / "usr/sbin/exim", "-bV"]).stdout)
        assert version is not None
        path = Path(sys.argv[1]) / f"exim-{version[1]}.txt"
        path.write_text("".join(f"== {scene}\n{trace(box, *entry)}" for scene, entry in SCENES.items()))


def trace(box: Sandbox, name: str, entry: str) -> str:
    exim = box.root / "usr/sbin/exim"
    with listed(box.root / "etc" / name, entry):
        done = box.run([exim, "-oMi", f"{SERVER_IPV4}.25", "-bh", f"{TESTER}.49152"], stdin=DIALOGUE)
    return done.stderr.replace(str(box.root), "")


@contextmanager
def listed(path: Path, entry: str) -> Iterator[None]:
    if not entry:
        yield
        return
    before = path.read_text()
    path.write_text(f"{before}{entry}\n")
    yield
    path.write_text(before)


if __name__ == "__main__":
    main()
