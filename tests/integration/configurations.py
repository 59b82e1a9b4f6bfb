"""Configurations of the stand-in server at random, and how one is brought into force.

Beside the settings of cPanel these are the lists that a tester stands in, its name, what it did in the last
hour, and what DNS says of both sides.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.sandbox import localopts, names
from tests.sandbox.box import Sandbox
from tests.sandbox.names import Records

SOURCES = {
    "18.209.86.113": "keeper-us-east-1d.mxtoolbox.com",
    "18.205.72.90": "keeper-us-east-1c.mxtoolbox.com",
    "52.55.244.91": "keeper-us-east-1b.mxtoolbox.com",
}
SERVERS = ("203.0.113.10", "203.0.113.11")
_MAIL_DOMAIN = "mxtoolboxsmtpdiag.com"
_BY_ADDRESS = (
    "neighbor_netblocks",
    "recent_authed_mail_ips",
    "skipsmtpcheckhosts",
    "senderverifybypasshosts",
    "greylist_trusted_netblocks",
    "greylist_common_mail_providers",
    "cpanel_mail_netblocks",
    "recent_recipient_mail_server_ips",
    "spammeripblocks",
    "trustedmailhosts",
    "backupmxhosts",
)
_BY_NAME = ("trustedmailhosts", "backupmxhosts")
_BANNERS = (
    "mail.elsewhere.example ESMTP",
    "xcp1.example.network ESMTP",
    "${primary_hostname} ESMTP ready",
    "ESMTP",
)
_SWITCHES = {
    "acl_delay_unknown_hosts": (8, ("0", "", "-")),
    "acl_dont_delay_greylisting_trusted_hosts": (3, ("0",)),
    "acl_dont_delay_greylisting_common_mail_providers": (3, ("1",)),
    "acl_ratelimit": (8, ("0",)),
    "acl_slow_fail_block": (8, ("0",)),
    "acl_spammerlist": (8, ("0",)),
    "acl_requirehelo": (8, ("0",)),
    "acl_requirehelonoforge": (8, ("0",)),
    "acl_requirehelosyntax": (8, ("0",)),
    "acl_trustedmailhosts": (3, ("1",)),
    "acl_dictionary_attack": (8, ("0",)),
    "acl_0tracksenders": (4, ("1",)),
    "senderverify": (6, ("0",)),
}
"""Key: it differs from the default once in so many times, and by which values; `-` takes the key out."""


@dataclass(frozen=True)
class Configuration:
    """`settings` are those of the sandbox, `options` lines of localopts, `listed` entries of list files;
    `failed` and `nonsense` count the tester's sessions in the last hour that ended so."""

    settings: dict[str, Any]
    options: dict[str, str]
    listed: tuple[tuple[str, str], ...]
    missing: str
    records: Records
    greylisting: bool
    greylist_passes: bool
    failed: int
    nonsense: int
    source: str
    ehlo: str
    server: str


def draw(dice: Random) -> Configuration:
    """Any configuration. Seconds of delay are small: see `Comparer` for the scale of time."""
    source, server = dice.choice(list(SOURCES)), dice.choice(SERVERS)
    limit = dice.randint(1, 3)
    return Configuration(
        settings={
            "connect_delay": dice.choice((0, 0, 0, 2, 2, 4, 6)),
            "rcpt_delay": dice.choice((0, 0, 0, 2, 2, 4, 6)),
            "spam_delay": dice.choice((0, 2, 4, 6)),
            "spam_marked": _once_in(dice, 6),
            "tls": not _once_in(dice, 6),
            "open_relay": _once_in(dice, 12),
            "catch_all": dice.random() < 0.5,
            "banner": dice.choice(_BANNERS) if _once_in(dice, 3) else None,
            "slow_fail_limit": limit,
            "negation": dice.choice(("list", "each")),
            "helo_checked_at": "helo" if _once_in(dice, 3) else "mail",
        },
        options={
            key: dice.choice(values) for key, (seldom, values) in _SWITCHES.items() if _once_in(dice, seldom)
        },
        listed=_listed(dice, source),
        missing=dice.choice(_BY_ADDRESS) if _once_in(dice, 25) else "",
        records=_records(dice, source, server),
        greylisting=_once_in(dice, 3),
        greylist_passes=_once_in(dice, 3),
        failed=dice.randint(1, limit + 2) if _once_in(dice, 3) else 0,
        nonsense=dice.randint(1, 3) if _once_in(dice, 10) else 0,
        source=source,
        ehlo=_ehlo(dice, source, server),
        server=server,
    )


def _once_in(dice: Random, times: int) -> bool:
    return dice.randrange(times) == 0


def _listed(dice: Random, source: str) -> tuple[tuple[str, str], ...]:
    network = source.rpartition(".")[0] + ".0/24"
    entries = [(file, dice.choice((source, network))) for file in _BY_ADDRESS if _once_in(dice, 22)]
    return tuple(entries + [(file, SOURCES[source]) for file in _BY_NAME if _once_in(dice, 22)])


def _records(dice: Random, source: str, server: str) -> Records:
    records: Records = {}
    if _once_in(dice, 4):
        records[server, "PTR"] = dice.choice(((), ("mail.shop.example",), ("localhost",)))
    if _once_in(dice, 10):
        records[source, "PTR"] = ()
    if _once_in(dice, 12):
        records[_MAIL_DOMAIN, "MX"] = ()
    return records


def _ehlo(dice: Random, source: str, server: str) -> str:
    usual = SOURCES[source]
    if not _once_in(dice, 3):
        return usual
    own = ("cp1.example.net", "CP1.example.net", server, f"[{server}]")
    return dice.choice((*own, f"[{source}]", "localhost", f"{usual}.", usual.replace(".", "..", 1)))


class Comparer:
    """One running sandbox that takes one configuration after the other.

    All delays are even seconds and the tester's limits stand between them: a delay decides what is said, and
    not how busy the machine is.
    """

    PATIENCE, WARN, BAD, TOLERANCE = 5.2, 1.9, 3.9, 1.8

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self._etc = {
            file: (file.read_bytes(), file.stat()) for file in (box.root / "etc").iterdir() if file.is_file()
        }

    def bring_into_force(self, wanted: Configuration) -> None:
        """From the state of a fresh sandbox, whatever was in force before."""
        box, root = self.box, self.box.root
        for file, (content, status) in self._etc.items():
            file.write_bytes(content)
            os.chown(file, status.st_uid, status.st_gid)
            file.chmod(status.st_mode)
        _write_options(root, wanted.options)
        for name, line in wanted.listed:
            with (root / "etc" / name).open("a") as stream:
                stream.write(f"{line}\n")
        _switch(root / "var/cpanel/greylist/enabled", wanted.greylisting)
        _switch(root / "sandbox/greylistd-says-no", wanted.greylist_passes)
        if self._set_records(wanted.records):
            box.reload_dns()
        box.configure(**wanted.settings)
        if wanted.greylisting:  # a rebuild writes the list anew from WHM's database, which is empty here
            for name, line in wanted.listed:
                if name == "greylist_trusted_netblocks":
                    (root / "etc" / name).write_text(f"{line}\n")
        shutil.rmtree(root / "var/spool/exim/db", ignore_errors=True)
        self._remember(wanted)
        if wanted.missing:
            (root / "etc" / wanted.missing).unlink()

    def _set_records(self, wanted: Records) -> bool:
        """Make DNS as it is by default, but for `wanted`. Answers whether that is a change."""
        usual = {(a, "PTR"): names.DEFAULT_RECORDS[a, "PTR"] for a in (*SOURCES, *SERVERS)}
        usual[_MAIL_DOMAIN, "MX"] = names.DEFAULT_RECORDS[_MAIL_DOMAIN, "MX"]
        changed = False
        for (owner, kind), values in {**usual, **wanted}.items():
            if self.box.dns.records.get((owner, kind), ()) != values:
                self.box.set_records(owner, kind, *values)
                changed = True
        return changed

    def _remember(self, wanted: Configuration) -> None:
        """Hold the sessions of the last hour, on the port for submission: they count there without delays."""
        if wanted.failed or wanted.nonsense:
            numbers = (wanted.failed, wanted.nonsense)
            program = [sys.executable, "-c", _SESSIONS, wanted.server, wanted.source, *numbers]
            self.box.run(program, namespace=self.box.outside, check=True)


def _write_options(root: Path, changes: dict[str, str]) -> None:
    kept = [line for line in localopts.DEFAULT.splitlines() if line.partition("=")[0] not in changes]
    added = [f"{key}={value}" for key, value in changes.items() if value != "-"]
    (root / "etc/exim.conf.localopts").write_text("\n".join([*kept, *added]) + "\n")


def _switch(file: Path, on: bool) -> None:
    if on:
        file.touch()
    else:
        file.unlink(missing_ok=True)


def described(configuration: Configuration, found: Sequence[str]) -> str:
    """A configuration that was predicted wrong, in a form to replay it by, and in what."""
    return "\n  ".join([repr(asdict(configuration)), *found])


_SESSIONS = """
import socket, sys
server, source, failed, nonsense = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

def hold(commands):
    with socket.create_connection((server, 587), 20, (source, 0)) as channel:
        lines = channel.makefile("rwb")
        for command in ("", *commands):
            try:
                if command:
                    lines.write(command.encode() + b"\\r\\n")
                    lines.flush()
                line = lines.readline()
                while line[3:4] == b"-":
                    line = lines.readline()
            except OSError:
                return

envelope = ["MAIL FROM:<supertool@mxtoolboxsmtpdiag.com>", "RCPT TO:<test@mxtoolboxsmtpdiag.com>"]
for _ in range(failed):
    hold(["EHLO tester.example", *envelope, "QUIT"])
for _ in range(nonsense):
    hold(["NONSENSE"] * 9)
"""
