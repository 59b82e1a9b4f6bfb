"""Everybody's things on one server, as each scene begins: kept once, put back as often as wanted."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.evidence import to_json
from mxverdict.host import Host
from mxverdict.web.http import csrf
from mxverdict.web.tasks.checks import domain_job
from tests.privileges.asks import (
    ADDRESS,
    BY_COMMAND,
    CLOSED,
    CLOSED_CAROLS,
    DELAY_OFF,
    DOMAINS,
    FOR_ADDRESS,
    PERMANENT,
    QUIET,
    REPORT_JOBS,
    RESELLERS_MAY_NOT,
    WINDOW_JOBS,
    WORDS,
)
from tests.privileges.people import MORE_RESELLERS, MORE_TOKENS
from tests.sandbox import network
from tests.sandbox.box import Sandbox
from tests.sandbox.whm import accounts
from tests.sandbox.whm.accounts import Account
from tests.unit import domain_evidence_maker

_ACCOUNTS = (
    Account("corner", "carol", network.SERVER_IPV4, ("corner.shop.example", "cake.example")),
    Account("house", "root", network.SERVER_IPV4, ("house.example",)),
)
_FILES = ("journal.sqlite", "journal.copy.sqlite", "audit.jsonl", "testers.json", "settings.json")
_SETTINGS = {"schema": 1, "resellers_may_open": True, "resellers_most_minutes": 30}
_OPEN = """
import sys
from mxverdict import window
from mxverdict.audit.actor import Actor
from mxverdict.host import Host
host, (user, networks, permanent, origin, tester, reason) = Host.from_environment(), sys.argv[1:]
actor = Actor(user, origin)
if permanent:
    window.open_permanent(host, networks, actor=actor)
else:
    window.open_window(
        host, kind="whitelist", networks=[networks], tester=tester, minutes=20, actor=actor,
        reason=reason,
    )
"""
_CLOSE_ALL = """
from mxverdict import window
from mxverdict.audit.actor import Actor
from mxverdict.host import Host
host = Host.from_environment()
entries = [one for one in window.permanent_entries(host) if not one.networks]
for one in [*window.open_windows(host), *entries]:
    window.close_window(host, one.id, Actor("root", "cli"))
"""
CLOSE_ALL = [sys.executable, "-c", _CLOSE_ALL]
"""Puts Exim's settings back, which permanent entries for addresses are no part of."""


class Scenes:
    """`lay` puts the server's files back to how a scene begins; Exim is not told."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.host = Host(box.root)
        self._folder = Path(tempfile.mkdtemp(prefix="mxv-scenes-"))
        self._add_people()
        self._furnish()
        self._make()

    def close(self) -> None:
        shutil.rmtree(self._folder)

    def _add_people(self) -> None:
        root = self.box.root
        for account in _ACCOUNTS:
            accounts.write(root, account)
        with ExitStack() as stack:
            resellers, passwords, tokens = (
                stack.enter_context((root / name).open("a"))
                for name in ("var/cpanel/resellers", "sandbox/passwords", "sandbox/tokens")
            )
            for user, privileges in MORE_RESELLERS.items():
                resellers.write(f"{user}:{','.join(privileges)}\n")
                passwords.write(f"{user}:{user}\n")
            for token in MORE_TOKENS:
                tokens.write(f"{token.user}:{token.name}:{token.secret}:{','.join(token.privileges)}\n")

    def _furnish(self) -> None:
        """What everybody has left before: checks, work, reports and lines in the trail."""
        folder = self.host.state / "jobs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        evidence = json.dumps(to_json(domain_evidence_maker.whole()))
        for owner, target in DOMAINS.values():
            checked = json.loads(evidence.replace(domain_evidence_maker.NAME, target))
            self._job(domain_job(target), f"{target} is checked.", owner, target, {"evidence": checked})
        for user, name in WINDOW_JOBS.items():
            self._job(name, WORDS[user], user)
        for user, name in REPORT_JOBS.items():
            self._job(name, WORDS[user], user, "a report", {"text": WORDS[user], "about": ""}, "failed")
            log.record(self.host, Actor(user, "web"), "check", result="0 problems", reason=WORDS[user])
        self.host.settings.write_text(json.dumps(_SETTINGS))
        csrf.make_token(self.host, "root", "/cpsess0000000000")  # makes the secret

    def _job(
        self, name: str, text: str, owner: str, title: str = "", left: object = None, state: str = "done"
    ) -> None:
        said = {"state": state, "text": text, "title": title, "owner": owner, "done": 1, "total": 1}
        path = self.host.state / "jobs" / name
        path.write_text(json.dumps({**said, "version": 1}) + "\n")
        if left is not None:
            path.with_name(f"{name}.json").write_text(json.dumps(left))

    def _make(self) -> None:
        self._keep(QUIET)
        self.host.settings.write_text(json.dumps({**_SETTINGS, "resellers_may_open": False}))
        self._keep(RESELLERS_MAY_NOT)
        for user in WINDOW_JOBS:
            self._open(user, network.OUTSIDE_ADDRESSES[0])
            self._keep(user)
        self._open("alice", network.OUTSIDE_ADDRESSES[0])
        self.box.run(CLOSE_ALL, check=True)
        self._keep(CLOSED)
        self._open("alice", ADDRESS, "permanent")
        self._keep(PERMANENT)
        self._open("carol", network.OUTSIDE_ADDRESSES[0], reason=WORDS["carol"])
        self.box.run(CLOSE_ALL, check=True)
        self._keep(CLOSED_CAROLS)
        self._open("root", ADDRESS, tester=ADDRESS)
        self._keep(FOR_ADDRESS)
        self._open("alice", network.OUTSIDE_ADDRESSES[0], origin="cli")
        self._keep(BY_COMMAND)
        self._open("alice", network.OUTSIDE_ADDRESSES[0])
        with closing(sqlite3.connect(self.host.journal)) as journal, journal:
            journal.execute("UPDATE windows SET kind = 'delay_off'")
        self._keep(DELAY_OFF)
        self.lay(QUIET)

    def _open(
        self,
        user: str,
        networks: str,
        permanent: str = "",
        *,
        origin: str = "web",
        tester: str = "mxtoolbox",
        reason: str = "",
    ) -> None:
        self.lay(QUIET)
        self.box.run(
            [sys.executable, "-c", _OPEN, user, networks, permanent, origin, tester, reason], check=True
        )

    def _keep(self, scene: str) -> None:
        folder = self._folder / scene
        folder.mkdir()
        shutil.copytree(self.host.state / "jobs", folder / "jobs")
        for name in _FILES:
            if (self.host.state / name).exists():
                shutil.copy2(self.host.state / name, folder / name)
        shutil.copy2(self.host.sender_verify_bypass_hosts, folder / "list")

    def lay(self, scene: str) -> None:
        folder = self._folder / scene
        state = self.host.state
        shutil.rmtree(state / "jobs")
        shutil.copytree(folder / "jobs", state / "jobs")
        for name in _FILES:
            for path in state.glob(f"{name}*"):
                path.unlink()
            if (folder / name).exists():
                shutil.copy2(folder / name, state / name)
        self.host.sender_verify_bypass_hosts.write_bytes((folder / "list").read_bytes())
