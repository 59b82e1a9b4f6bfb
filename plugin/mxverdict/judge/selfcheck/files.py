"""Files of the server: host lists, the delay's setting, programs."""

from __future__ import annotations

from typing import Optional

from mxverdict.evidence.selfcheck import Command, ListFile, Selfcheck, SettingFacts
from mxverdict.judge.selfcheck.item import Item, item

_WORLD_READABLE = frozenset(
    {"recent_authed_mail_ips", "greylist_trusted_netblocks", "greylist_common_mail_providers"}
)
_OURS = "senderverifybypasshosts"
_LINES = {
    "on": "on",
    "off": "off",
    "absent": "not in the file, which means on",
    "empty": "an empty value, which means off",
    "bare": "a key without a value",
    "other": "neither 0 nor 1",
    "unreadable": "the file cannot be read",
}
_SCRIPTS = ("buildeximconf", "restartsrv_exim")
_WITHOUT = {
    "exim": "Nothing about the delay can be simulated: no test window opens.",
    "sendmail": "No one is notified of a window that does not close.",
    "whmapi1": "Settings cannot be read, and no test window opens.",
}


def file_items(evidence: Selfcheck) -> list[Item]:
    return [
        *map(_list, evidence.lists),
        *_setting(evidence.setting),
        *map(_command, evidence.commands),
    ]


def _list(one: ListFile) -> Item:
    path = f"/etc/{one.name}"
    mode = "0644" if one.name in _WORLD_READABLE else "0640"
    good, meaning = _list_state(one, path, mode)
    found = one.file.described
    if one.file.kind == "missing" and one.referenced is False:
        found += ", and not used by exim.conf"
    if one.keys or one.comments or one.continued or one.others:
        found += f"; {one.keys} entries, {one.comments} comments"
        found += f", {one.continued} continued lines" if one.continued else ""
        found += f", {one.others} other lines" if one.others else ""
    return item(f"list.{one.name}", good, found, f"root:mail {mode}, readable by Exim", meaning)


def _list_state(one: ListFile, path: str, mode: str) -> tuple[Optional[bool], str]:
    refused = " Test windows and permanent exemptions are refused." if one.name == _OURS else ""
    if one.file.kind == "missing":
        made = f"Create it empty: `install -o root -g mail -m {mode} /dev/null {path}`."
        return one.referenced is False, f"Exim drops every connection that looks it up. {made}"
    if one.file.kind != "file":
        return False, f"Exim cannot look anything up in it and drops connections.{refused}"
    if one.file.owner != "root" or one.file.mode & 0o002:
        return False, "Others than root can exempt themselves from Exim's checks."
    if one.readable is None:
        return None, "Whether Exim can read it is not known."
    return one.readable, (
        f"Exim cannot read it and drops every connection. Run `chown root:mail {path}; chmod {mode} "
        f"{path}`.{refused}"
    )


def _setting(setting: SettingFacts) -> list[Item]:
    plain = setting.line in ("on", "off", "absent", "empty")
    found = _LINES.get(setting.line, "cannot be told")
    if setting.lines > 1:
        found += f"; {setting.lines} lines set it"
    return [
        item(
            "setting.delay",
            plain and setting.lines <= 1,
            found,
            "acl_delay_unknown_hosts is set once in exim.conf.localopts, to 0 or 1, or not at all",
            "Of several lines the last counts. With a value of another kind the setting is unknown, and "
            "windows "
            "that disable the delay are refused; what Exim does is shown by exim.delay.",
        ),
        item(
            "setting.localopts",
            setting.localopts.trusted,
            setting.localopts.described,
            "root:root 0644",
            "A window that disables the delay edits this file, and others than root can change it too."
            if setting.localopts.exists
            else "A window that disables the delay creates this file.",
        ),
        item(
            "setting.password",
            None if setting.leaked is None else not setting.leaked,
            {True: "there", False: "not there", None: "cannot be told"}[setting.leaked],
            "no smarthost password in exim.conf.localopts, which everyone may read",
            "Every user of the server can read the password of the smarthost. Take the line out and "
            "change the password.",
        ),
        item(
            "setting.editor",
            not setting.edited,
            "unsaved changes" if setting.edited else "no unsaved changes",
            "no one is editing Exim's configuration in WHM",
            "Windows that disable the delay are refused until the changes are saved or discarded.",
        ),
    ]


def _command(one: Command) -> Item:
    executable = one.file.trusted and bool(one.file.mode & 0o100)
    meaning = _WITHOUT.get(one.name, "")
    if one.name in _SCRIPTS:
        meaning = "Windows that disable the delay for all senders are refused."
    return item(
        f"command.{one.name}",
        executable,
        one.file.described,
        "executable, owned by root, changed by no one else",
        meaning,
    )
