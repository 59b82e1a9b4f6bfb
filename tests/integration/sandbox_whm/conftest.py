"""A fresh WHM per test."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sandbox_whm.helpers import (
    ENVIRONMENT_CGI,
    PLUGIN_CONF,
    Https,
    command,
    script,
)
from tests.sandbox.whm.cpsrvd import Cpsrvd, listen
from tests.sandbox.whm.install import install


@pytest.fixture(scope="session")
def fresh_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whm") / "root"
    install(root)
    (root / "etc/exim.conf.localopts").write_text("senderverify=1\nacl_delay_unknown_hosts=1\ncallouts=0\n")
    return root


@pytest.fixture
def root(fresh_root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh_root, tmp_path / "root", symlinks=True))


@pytest.fixture
def https(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Https]:
    resolve = socket.getaddrinfo

    def at_home(host: Any, *rest: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host == "cp1.example.net" else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", at_home)
    with Cpsrvd(root, [listen("127.0.0.1:0")]) as server:
        yield Https(root, server.addresses[0][1])


@pytest.fixture
def plugin(root: Path, tmp_path: Path) -> Path:
    """A registered plugin; the folder of its CGIs."""
    conf = tmp_path / "mxverdict.conf"
    conf.write_text(PLUGIN_CONF)
    done = command(root, "bin/register_appconfig", conf)
    assert done.returncode == 0, done.stderr
    folder = root / "usr/local/cpanel/whostmgr/docroot/cgi/addons/mxverdict"
    script(folder / "index.cgi", ENVIRONMENT_CGI)
    return folder
