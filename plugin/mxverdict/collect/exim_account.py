"""The account that Exim's SMTP processes run as (`mailnull`, group `mail` on a cPanel server)."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from grp import getgrnam
from typing import Optional

from mxverdict.collect.exim_options import exim_options
from mxverdict.host import Host


@dataclass(frozen=True)
class Account:
    """Numbers of the user and of all groups it is in."""

    user: int
    groups: frozenset[int]

    def can_read(self, status: os.stat_result) -> bool:
        """Whether the permission bits of a file let it read (ACLs and capabilities aside)."""
        if status.st_uid == self.user:
            return bool(status.st_mode & stat.S_IRUSR)
        if status.st_gid in self.groups:
            return bool(status.st_mode & stat.S_IRGRP)
        return bool(status.st_mode & stat.S_IROTH)


def exim_account(host: Host) -> Optional[Account]:
    """None when Exim does not say, or names an account that is not there (options exim_user, exim_group)."""
    try:
        options = exim_options(host, "exim_user", "exim_group")
        user = _number(options["exim_user"])
        group = _number(options["exim_group"], group=True)
        name = pwd.getpwuid(user).pw_name
        return Account(user, frozenset({group, *os.getgrouplist(name, group)}))
    except (KeyError, ValueError, OSError):
        return None


def _number(text: str, *, group: bool = False) -> int:
    if text.isdigit():
        return int(text)
    return getgrnam(text).gr_gid if group else pwd.getpwnam(text).pw_uid
