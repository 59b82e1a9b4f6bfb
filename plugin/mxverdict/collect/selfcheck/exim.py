"""What the self-check asks Exim: its version, its configuration, two simulated sessions, its daemon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Optional

from mxverdict.collect.exim_daemon import RUNNING, daemon_is_current, daemon_state, pid_file_is_configured
from mxverdict.collect.exim_preview import delay_stanzas, preview
from mxverdict.collect.selfcheck.files import LISTS, read
from mxverdict.collect.server import exim_version
from mxverdict.errors import HostError
from mxverdict.evidence.selfcheck import EximFacts, FileFacts, Session, SettingFacts, Stage
from mxverdict.evidence.smtp import Preview, PreviewStage
from mxverdict.host import Host
from mxverdict.testers import UNKNOWN_HOSTS
from mxverdict.whm import localopts

_LOOPBACK = "127.0.0.1"
_NO_DOMAIN = "example.com"
EXEMPT_LISTS = (
    "loopback", "neighbor_netblocks", "trustedmailhosts", "recent_authed_mail_ips", "backupmx_hosts",
    "skipsmtpcheck_hosts", "senderverifybypass_hosts", "greylist_trusted_netblocks",
    "greylist_common_mail_providers", "cpanel_mail_netblocks",
)  # fmt: skip
"""The host lists that exempt from the delay on a cPanel server."""
_OWN_HOST = ("@[]", "127.0.0.0/8")
_OWN_HOST_LIST = "loopback"
"""The list that those are items of: Exim may name either."""
_VERSION = re.compile(r"4\.\d{1,3}(?:\.\d{1,3})?(?:[-_][A-Za-z0-9]{1,12}){0,2}", re.ASCII)
_LIST = re.compile(r"\+(\w+)", re.ASCII)
_KEY = re.compile(rb"[ \t]*" + localopts.KEY.encode() + rb"[ \t]*(=.*)?", re.DOTALL)
_TRACKS = re.compile(rb"^[ \t]*acl_0tracksenders[ \t]*=[ \t]*1[ \t\r]*$", re.MULTILINE)
_PASSWORD = re.compile(rb"^[ \t]*smarthost_password[ \t]*=[ \t]*\S", re.MULTILINE)


def exim_facts(host: Host) -> EximFacts:
    """Never raises: what is not known has no value."""
    try:
        version = exim_version(host)
    except HostError:
        version = ""
    configuration = (read(host.exim_conf) or b"").decode(errors="replace")
    stanzas = delay_stanzas(host.exim_conf)
    known, foreign = _exempting(configuration, stanzas or [])
    tracks = bool(_TRACKS.search(read(host.localopts) or b""))
    state = daemon_state(host)
    return EximFacts(
        version=version if _VERSION.fullmatch(version) else "",
        stanzas=None if stanzas is None else len(stanzas),
        exempt_lists=known,
        foreign_lists=foreign,
        bypass_defined=_bypass_defined(configuration, host) if configuration else None,
        sessions=tuple(
            _session(host, visitor, address, stanzas or [], rcpt=not tracks)
            for visitor, address in (("unknown", UNKNOWN_HOSTS[4]), ("loopback", _LOOPBACK))
        ),
        rcpt_tried=not tracks,
        pid_path=pid_file_is_configured(host),
        daemon=state,
        current=daemon_is_current(host) if state == RUNNING else None,
    )


def _exempting(configuration: str, stanzas: Sequence[range]) -> tuple[tuple[str, ...], int]:
    """cPanel's exempt lists that every delay stanza names, and how many others there are in them."""
    lines = configuration.splitlines()
    each = [set(_LIST.findall("\n".join(lines[one.start - 1 : one.stop]))) for one in stanzas]
    common = set.intersection(*each) if each else set()
    return tuple(name for name in EXEMPT_LISTS if name in common), len(
        set().union(*each).difference(EXEMPT_LISTS)
    )


def _bypass_defined(configuration: str, host: Host) -> bool:
    path = re.escape(str(host.sender_verify_bypass_hosts))
    wanted = rf"^[ \t]*hostlist[ \t]+senderverifybypass_hosts[ \t]*=.*net-iplsearch;{path}[ \t]*$"
    return re.search(wanted, configuration, re.MULTILINE) is not None


def _session(host: Host, visitor: str, address: str, lines: Sequence[range], *, rcpt: bool) -> Session:
    commands = [("ehlo", f"EHLO {_NO_DOMAIN}"), ("mail", f"MAIL FROM:<postmaster@{_NO_DOMAIN}>")]
    if rcpt:
        commands.append(("rcpt", f"RCPT TO:<nobody@{_NO_DOMAIN}>"))
    try:
        found = preview(host, address, _LOOPBACK, commands, delay_lines=lines)
    except HostError:
        return Session(visitor, "missing")
    named = next((name for name in LISTS if found.failure and f"/etc/{name}" in found.detail), "")
    return Session(visitor, _failure(found), tuple(map(_stage, found.stages)), named)


def _failure(found: Preview) -> str:
    known = ("", "timeout", "not_understood", "broken", "crashed")
    return found.failure if found.failure in known else "not_understood"


def _stage(stage: PreviewStage) -> Stage:
    lists = dict.fromkeys(map(_neutral, stage.exempted_by))
    return Stage(
        stage.name, stage.reply.code if stage.reply else 0, stage.delay, len(stage.delayed_by), tuple(lists)
    )


def _neutral(name: str) -> str:
    """The list's own name when it is one of cPanel's."""
    text = name.lstrip("!+ ")
    if text in _OWN_HOST:
        return _OWN_HOST_LIST
    text = text.rpartition("/")[2]
    return text if text in EXEMPT_LISTS or text in LISTS else "other list"


def setting_facts(host: Host, file: FileFacts) -> SettingFacts:
    """The delay's setting as it is in exim.conf.localopts; `file` are the facts of that file."""
    content, shadow = read(host.localopts), read(host.localopts_shadow)
    found = [match for match in map(_KEY.fullmatch, (content or b"").split(b"\n")) if match]
    return SettingFacts(
        _line(content, found[-1][1] if found else None, bool(found)),
        len(found),
        file,
        password=bool((shadow or b"").strip()),
        leaked=None if content is None else bool(_PASSWORD.search(content)),
        edited=any(host.localopts.parent.glob("exim.conf.local*.dry_run")),
    )


def _line(content: Optional[bytes], value: Optional[bytes], there: bool) -> str:
    if content is None:
        return "unreadable"
    if not there:
        return "absent"
    if value is None:
        return "bare"
    text = value[1:].strip()
    if not text:
        return "empty"
    return ("off" if int(text) == 0 else "on") if text.isdigit() and len(text) < 10 else "other"
