"""Collects what `mxverdict selfcheck` judges. It reads, asks and simulates; nothing on the server changes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from mxverdict import __version__
from mxverdict.collect.exim_account import exim_account
from mxverdict.collect.selfcheck.exim import exim_facts, setting_facts
from mxverdict.collect.selfcheck.files import commands, facts, list_files, read
from mxverdict.collect.selfcheck.keeper import keeper_facts
from mxverdict.collect.selfcheck.log import log_facts
from mxverdict.collect.selfcheck.page import page_facts
from mxverdict.collect.selfcheck.python import python_facts
from mxverdict.collect.selfcheck.whm import cpanel_version, whm_facts
from mxverdict.evidence.selfcheck import Selfcheck
from mxverdict.host import Host

__all__ = ["collect"]


def collect(host: Host) -> Selfcheck:
    """Never raises for anything that the server is or lacks."""
    with ThreadPoolExecutor(5) as pool:
        whm = pool.submit(whm_facts, host)
        page = pool.submit(page_facts, host)
        keeper = pool.submit(keeper_facts, host)
        exim = pool.submit(exim_facts, host)
        account = exim_account(host)
        return Selfcheck(
            version=__version__,
            taken_at=time.time(),
            cpanel_version=cpanel_version((read(host.cpanel_version, 64) or b"").decode(errors="replace")),
            exim=exim.result(),
            setting=setting_facts(host, facts(host.localopts, account)),
            lists=list_files(host, account),
            commands=commands(host, account),
            whm=whm.result(),
            python=python_facts(host),
            keeper=keeper.result(),
            log=log_facts(host, account),
            page=page.result(),
        )
