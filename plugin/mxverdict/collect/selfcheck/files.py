"""Reads files of the server for the self-check: bounded, never through a pipe, never more than facts."""

from __future__ import annotations

import os
import stat
from grp import getgrnam
from pathlib import Path
from typing import Optional

from mxverdict.collect.exim_account import Account
from mxverdict.evidence.selfcheck import Command, FileFacts, ListFile
from mxverdict.host import Host
from mxverdict.net import iplsearch

MAX_FILE = 4 << 20
"""Bytes of one file that are looked at."""
LISTS = (
    "senderverifybypasshosts", "skipsmtpcheckhosts", "trustedmailhosts", "backupmxhosts", "spammeripblocks",
    "neighbor_netblocks", "cpanel_mail_netblocks", "greylist_trusted_netblocks",
    "greylist_common_mail_providers", "recent_authed_mail_ips", "recent_recipient_mail_server_ips",
)  # fmt: skip
"""The host lists in /etc that cPanel's ACLs look up, by file name."""


def read(path: Path, max_bytes: int = MAX_FILE) -> Optional[bytes]:
    """The beginning of a regular file; None when it cannot be read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(max_bytes) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


def facts(path: Path, account: Optional[Account]) -> FileFacts:
    """Never raises; owners and groups that are neither root's nor Exim's are `other`."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return FileFacts("missing")
    except OSError:
        return FileFacts("unreadable")
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder"}
    return FileFacts(
        kinds.get(stat.S_IFMT(status.st_mode), "other"),
        _owner(status.st_uid, account),
        _group(status.st_gid, account),
        stat.S_IMODE(status.st_mode),
    )


def _owner(uid: int, account: Optional[Account]) -> str:
    return "root" if uid == 0 else "exim" if account and uid == account.user else "other"


def _group(gid: int, account: Optional[Account]) -> str:
    if gid == 0:
        return "root"
    try:
        if gid == getgrnam("mail").gr_gid:
            return "mail"
    except KeyError:
        pass
    return "exim" if account and gid in account.groups else "other"


def list_files(host: Host, account: Optional[Account]) -> tuple[ListFile, ...]:
    configuration = read(host.exim_conf)
    return tuple(_list_file(host.exim_conf.parent / name, account, configuration) for name in LISTS)


def _list_file(path: Path, account: Optional[Account], configuration: Optional[bytes]) -> ListFile:
    lines = [line for line in (read(path) or b"").split(b"\n") if line.strip()]
    comments = sum(line.startswith(b"#") for line in lines)
    continued = sum(line[:1].isspace() for line in lines)
    keys = sum(_is_key(line) for line in lines)
    return ListFile(
        path.name,
        facts(path, account),
        None if configuration is None else f";{path}".encode() in configuration,
        _readable(path, account),
        keys,
        comments,
        continued,
        len(lines) - comments - continued - keys,
    )


def _is_key(line: bytes) -> bool:
    return bool(iplsearch.networks(line))


def _readable(path: Path, account: Optional[Account]) -> Optional[bool]:
    try:
        return account.can_read(path.stat()) if account else None
    except OSError:
        return None


def commands(host: Host, account: Optional[Account]) -> tuple[Command, ...]:
    """The programs that the product runs as root."""
    paths = (host.exim, host.sendmail, host.whmapi1, host.buildeximconf, host.restartsrv_exim)
    return tuple(Command(path.name, facts(path, account)) for path in paths)
