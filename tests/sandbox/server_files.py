"""The files of a cPanel server that its Exim lives on, below the sandbox's root."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.sandbox import cdb, localopts

REPOSITORY = Path(__file__).resolve().parents[2]
EXIM_GROUP = "mail"

_LIST_FILES = {
    "senderverifybypasshosts": 0o640,
    "skipsmtpcheckhosts": 0o640,
    "trustedmailhosts": 0o640,
    "backupmxhosts": 0o640,
    "spammeripblocks": 0o640,
    "neighbor_netblocks": 0o640,
    "cpanel_mail_netblocks": 0o640,
    "recent_recipient_mail_server_ips": 0o640,
    "recent_authed_mail_ips": 0o644,
    "greylist_trusted_netblocks": 0o644,
    "greylist_common_mail_providers": 0o644,
    "localdomains": 0o640,
    "remotedomains": 0o640,
    "secondarymx": 0o640,
    "mailhelo": 0o640,
    "mailips": 0o640,
    "eximrejects": 0o644,
}
_CONTENT = {
    "localdomains": "cp1.example.net\nshop.example\nbakery.example\n",
    "neighbor_netblocks": "",
    "cpanel_mail_netblocks": "192.0.2.64/27 # mail servers of the vendor\n",
    "greylist_common_mail_providers": "192.0.2.128/27 # a common mail provider\n",
    "eximrejects": "host_accept_relay: Relaying through $primary_hostname needs authentication.\\n"
    "$sender_fullhost is not allowed to send to other servers.\n",
}
_SCRIPTS = ("buildeximconf", "restartsrv_exim")


@cache
def exim_program() -> str:
    """Debian calls it exim4, everybody else exim."""
    for name in ("exim4", "exim"):
        program = shutil.which(name, path="/usr/sbin:/usr/bin")
        if program:
            return program
    raise RuntimeError("Exim is not installed (Debian: exim4-daemon-heavy, EL: exim from EPEL)")


@cache
def exim_user() -> str:
    """The user the program was compiled for."""
    asked = subprocess.run(
        [exim_program(), "-C", "/dev/null", "-bP", "exim_user"], capture_output=True, text=True, check=True
    )
    return asked.stdout.partition("=")[2].strip()


def lay_out(root: Path) -> None:
    """Create folders, list files, logs, settings and commands; everything but `exim.conf` and keys."""
    for folder in (
        "etc",
        "var/log",
        "var/cpanel/greylist",
        "usr/sbin",
        "usr/local/cpanel/scripts",
        "sandbox/faults",
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, mode in _LIST_FILES.items():
        file = root / "etc" / name
        file.write_text(_CONTENT.get(name, ""))
        shutil.chown(file, "root", EXIM_GROUP)
        file.chmod(mode)
    (root / "etc/domain_remote_mx_ips.cdb").write_bytes(cdb.encoded({}))
    (root / "etc/exim.conf.localopts").write_text(localopts.DEFAULT)
    (root / "etc/exim.conf.local").write_text("@CONFIG@\n")
    spool = root / "var/spool/exim"
    spool.mkdir(parents=True)
    shutil.chown(spool, exim_user(), EXIM_GROUP)
    spool.chmod(0o750)
    mail = root / "var/mail"
    mail.mkdir(exist_ok=True)
    shutil.chown(mail, "root", EXIM_GROUP)
    mail.chmod(0o2775)
    make_logs(root)
    _executable(
        root / "usr/sbin/exim", f'#!/bin/sh\nexec {exim_program()} -C {root / "etc/exim.conf"} "$@"\n'
    )
    (root / "usr/sbin/sendmail").symlink_to("exim")
    for name in _SCRIPTS:
        _executable(
            root / "usr/local/cpanel/scripts" / name,
            f"#!{sys.executable} -IS\n"
            f"import sys\n"
            f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
            f"from pathlib import Path\n"
            f"from tests.sandbox.commands.{name} import main\n"
            f"sys.exit(main(Path({str(root)!r}), sys.argv[1:]))\n",
        )


def make_logs(root: Path) -> None:
    """Create missing logs and set owner and mode, as cPanel does at each start of Exim."""
    for name in ("exim_mainlog", "exim_rejectlog", "exim_paniclog"):
        log = root / "var/log" / name
        log.touch()
        shutil.chown(log, exim_user(), EXIM_GROUP)
        log.chmod(0o640)


def protect_key(root: Path) -> None:
    """Let Exim, and nobody else, read the private key."""
    key = root / "etc/exim.key"
    shutil.chown(key, exim_user(), EXIM_GROUP)
    key.chmod(0o660)


def _executable(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)
