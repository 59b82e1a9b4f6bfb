"""Edit Reseller Nameservers and Privileges: what root lets each reseller do.

Privileges of plugins come from the drivers below `Cpanel/Config/ConfigObj/Driver`, which Perl is asked about
(api.docs.cpanel.net, "Guide to WHM Plugins - The ACL Object Perl Module").
"""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

from tests.sandbox.whm import access

PATH = "/scripts/editres"
TITLE = "Edit Reseller Nameservers and Privileges"
_FILE = "var/cpanel/resellers"
_CPANEL = "usr/local/cpanel"
_ASK = ("-MCpanel::Config::ConfigObj", "-e", "Cpanel::Config::ConfigObj::print_privileges()")


class Privilege(NamedTuple):
    key: str
    group: str
    name: str


_OWN = (
    Privilege("acct-summary", "Initial Privileges", "Account Summary"),
    Privilege("basic-whm-functions", "Initial Privileges", "Basic WHM Functions"),
    Privilege("list-accts", "Standard Privileges", "List Accounts"),
    Privilege("restart", "Restart Services", "Restart Services"),
    Privilege("all", "Root Access", "All Features"),
)


def privileges(root: Path) -> list[Privilege]:
    cpanel = root / _CPANEL
    perl = [str(cpanel / "3rdparty/bin/perl"), f"-I{cpanel}", *_ASK]
    done = subprocess.run(perl, capture_output=True, text=True, check=True, timeout=30)
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return [*_OWN, *(Privilege(*row) for row in rows)]


def give(root: Path, user: str, keys: Collection[str]) -> None:
    """Let the reseller do these things and no other. Raises KeyError."""
    known = access.resellers(root)
    if user not in known:
        raise KeyError(user)
    known[user] = [one.key for one in privileges(root) if one.key in keys]
    (root / _FILE).write_text("".join(f"{name}:{','.join(given)}\n" for name, given in known.items()))


def form(root: Path, security_token: str, message: str = "") -> str:
    """The content of the page: a form per reseller."""
    known = privileges(root)
    forms = [_form(security_token, user, given, known) for user, given in access.resellers(root).items()]
    notice = f'<p class="whm-done" role="status">{escape(message)}</p>\n' if message else ""
    return notice + "\n".join(forms)


def _form(security_token: str, user: str, given: Collection[str], known: list[Privilege]) -> str:
    groups: Mapping[str, list[Privilege]] = {
        group: [one for one in known if one.group == group] for group in dict.fromkeys(p.group for p in known)
    }
    fieldsets = "\n".join(
        f"<fieldset><legend>{escape(group)}</legend>\n"
        + "\n".join(_checkbox(one, one.key in given) for one in members)
        + "\n</fieldset>"
        for group, members in groups.items()
    )
    return f"""<form class="privileges" method="post" action="{security_token}{PATH}">
<h2>{escape(user)}</h2>
<input type="hidden" name="res" value="{escape(user)}">
{fieldsets}
<p><button>Save {escape(user)}</button></p>
</form>"""


def _checkbox(privilege: Privilege, ticked: bool) -> str:
    return (
        f'<label><input type="checkbox" name="acl" value="{escape(privilege.key)}"'
        f"{' checked' if ticked else ''}> {escape(privilege.name)}</label>"
    )
