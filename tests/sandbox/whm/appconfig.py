"""AppConfig: registration of plugins (docs.cpanel.net, "The AppConfig Configuration File").

A registered file stands as `var/cpanel/apps/NAME.conf` (0600). The folder may be missing on a fresh server;
registration does not make it. cpsrvd reads the folder at every request, so the HUP that registration sends
changes nothing by itself; it must only do no harm.
"""

from __future__ import annotations

import pwd
import re
import sys
from pathlib import Path
from typing import NamedTuple, Optional

from tests.sandbox.whm.access import Caller
from tests.sandbox.whm.daemon import hup

_APPS = "var/cpanel/apps"
_MENU = "var/cpanel/pluginscache.yaml"
"""The plugins' entries in WHM's menu, as `Whostmgr::HTMLInterface` reads them."""
_LOGGED_IN_USER = "$authuser"
NOTIFICATIONS_LOG = "sandbox/notifications.log"


class App(NamedTuple):
    name: str
    urls: tuple[str, ...]
    privileges: tuple[str, ...]
    user: str
    displayname: str
    entryurl: str
    icon: str
    target: str

    def covers(self, path: str) -> bool:
        return any(path.startswith(url) for url in self.urls)

    def allows(self, caller: Caller) -> bool:
        return any(caller.may(privilege) for privilege in self.privileges)

    def runs_as(self, caller: Caller) -> str:
        return caller.user if self.user == _LOGGED_IN_USER else self.user


class Invalid(Exception):
    """The file cannot be registered; the message says why."""


def parse(text: str, file_name: str) -> App:
    """Raises Invalid."""
    rows = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    keys = {key.strip(): value.strip() for key, found, value in rows if found}
    app = App(
        name=keys.get("name") or Path(file_name).stem,
        urls=tuple(keys[key] for key in keys if re.fullmatch(r"url\d*", key)),
        privileges=tuple(word.strip() for word in keys.get("acls", "").split(",") if word.strip()),
        user=keys.get("user", "root"),
        displayname=keys.get("displayname", ""),
        entryurl=keys.get("entryurl", ""),
        icon=keys.get("icon", ""),
        target=keys.get("target", "_blank"),
    )
    problem = _problem(app, keys.get("service", ""))
    if problem:
        raise Invalid(problem)
    return app


def registered(root: Path) -> list[App]:
    return [parse(path.read_text(), path.name) for path in sorted((root / _APPS).glob("*.conf"))]


def register_main(root: Path, arguments: list[str]) -> int:
    """`register_appconfig FILE`"""
    text = _read(arguments)
    if text is None:
        return _usage("register_appconfig FILE", "Give one readable file.")
    try:
        app = parse(text, arguments[0])
    except Invalid as problem:
        return _usage("register_appconfig FILE", str(problem))
    path = root / _APPS / f"{app.name}.conf"
    if not path.parent.is_dir():
        return _usage("register_appconfig FILE", f"/{_APPS} is missing.")
    if not path.exists():
        with (root / NOTIFICATIONS_LOG).open("a") as log:
            log.write(f"appconfig registered: {app.name}\n")
    path.write_text(text)
    path.chmod(0o600)
    refresh_menu(root)
    hup(root)
    print(f"{app.name} registered")
    return 0


def unregister_main(root: Path, arguments: list[str]) -> int:
    """`unregister_appconfig FILE-or-name`"""
    if len(arguments) != 1:
        return _usage("unregister_appconfig FILE-or-name", "Give one name or file.")
    text = _read(arguments)
    named = re.search(r"^name=(.+)$", text or "", re.MULTILINE)
    name = named.group(1).strip() if named else Path(arguments[0]).stem
    path = root / _APPS / f"{name}.conf"
    if not path.exists():
        return _usage("unregister_appconfig FILE-or-name", f"{name} is not registered.")
    path.unlink()
    refresh_menu(root)
    hup(root)
    print(f"{name} unregistered")
    return 0


def is_registered_main(root: Path, arguments: list[str]) -> int:
    """`is_registered_with_appconfig whostmgr NAME`: exit status 0 when it is."""
    if len(arguments) != 2 or arguments[0] != "whostmgr":
        return _usage("is_registered_with_appconfig whostmgr NAME", "Give the service and a name.")
    found = any(app.name == arguments[1] for app in registered(root))
    print(f"{arguments[1]} is {'' if found else 'not '}registered")
    return 0 if found else 1


def refresh_menu(root: Path) -> None:
    """Write the menu anew from what is registered."""
    lines = ["---", "addons:"]
    for app in registered(root):
        if app.entryurl and app.displayname:
            pairs = {
                "cgi": app.entryurl,
                "showname": app.displayname,
                "icon": app.icon,
                "target": app.target,
                "acllist": ",".join(app.privileges),
                "uniquekey": app.name,
            }
            quoted = [f"{key}: '{value.replace(chr(39), chr(39) * 2)}'" for key, value in pairs.items()]
            lines += [f"  {'-' if number == 0 else ' '} {pair}" for number, pair in enumerate(quoted)]
    (root / _MENU).write_text("".join(f"{line}\n" for line in lines))


def _problem(app: App, service: str) -> Optional[str]:
    if service != "whostmgr":
        return "service missing or unknown: it must be whostmgr"
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", app.name) or app.name.startswith("internal"):
        return f"name invalid: {app.name}"
    if not app.urls:
        return "url missing"
    for url in app.urls:
        if not url.startswith("/") or url in {"/", "/cgi", "/cgi/"} or ".." in url:
            return f"url invalid: {url}"
    if not app.privileges:
        return "acls missing"
    if app.entryurl and not app.covers(f"/cgi/{app.entryurl}"):
        return f"entryurl not below any url: {app.entryurl}"
    if app.user != _LOGGED_IN_USER and app.user not in {entry.pw_name for entry in pwd.getpwall()}:
        return f"user does not exist: {app.user}"
    return None


def _read(arguments: list[str]) -> Optional[str]:
    if len(arguments) != 1:
        return None
    try:
        return Path(arguments[0]).read_text()
    except (OSError, UnicodeDecodeError):
        return None


def _usage(usage: str, problem: str) -> int:
    print(f"{problem}\nUsage: {usage}", file=sys.stderr)
    return 1
