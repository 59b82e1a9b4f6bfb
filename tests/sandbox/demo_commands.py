"""The demo's server as its users meet it: `mxverdict`, the tester and the keeper's timer, ready to run."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Callable, Optional

from tests.sandbox import network
from tests.sandbox.box import TESTER, Sandbox
from tests.sandbox.plugin import install_plugin
from tests.sandbox.server_files import REPOSITORY

KEEPER_SECONDS = 30.0
"""As OnUnitActiveSec in plugin/units/mxverdict-keeper.timer."""
_KEEPER = REPOSITORY / "plugin/mxverdict/window/keeper.py"


class Commands:
    """Programs that can be started from any shell of this machine. Installs the page, too.

    They live in the sandbox's network and trust its authority, as if a public one had signed.
    """

    def __init__(self, box: Sandbox) -> None:
        packages = box.environment()["PYTHONPATH"]
        python = ["env", f"SSL_CERT_FILE={box.authority.certificate}", sys.executable]
        server = ["env", f"MXVERDICT_ROOT={box.root}", f"PYTHONPATH={packages}"]
        outside = ["env", f"PYTHONPATH={packages}"]
        visit = ["-m", "tests.sandbox.visit", network.SERVER_IPV4, "--source", TESTER]
        self.mxverdict = _program(
            box, "mxverdict", network.enter(box.server, [*server, *python, "-m", "mxverdict.cli.main"])
        )
        self.visit = _program(box, "visit", network.enter(box.outside, [*outside, sys.executable, *visit]))
        install_plugin(box.root, environment={"SSL_CERT_FILE": str(box.authority.certificate)})


class Timer:
    """Runs the keeper at once and then every `seconds`, as systemd's timer does, while the `with` block
    lasts. What a run has to say goes to `tell`.
    """

    def __init__(self, box: Sandbox, tell: Callable[[str], None], seconds: float = KEEPER_SECONDS) -> None:
        self._box = box
        self._tell = tell
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Timer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            done = self._box.run([sys.executable, "-I", "-S", _KEEPER], timeout=900)
            if done.returncode != 0 and not self._ended.is_set():
                self._tell(done.stderr.strip() or f"the keeper ended with status {done.returncode}")
            self._ended.wait(self._seconds)


def _program(box: Sandbox, name: str, argv: Sequence[object]) -> Path:
    path = box.root / "sandbox" / name
    path.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, argv))} "$@"\n')
    path.chmod(0o755)
    return path
