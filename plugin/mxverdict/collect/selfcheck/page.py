"""WHM's side of the plugin's page: header and footer, the resellers' privilege, the registration."""

from __future__ import annotations

from typing import Optional

from mxverdict.collect.selfcheck.files import facts, read
from mxverdict.errors import HostError
from mxverdict.evidence.selfcheck import FileFacts, WhmPageFacts
from mxverdict.host import Host
from mxverdict.whm import frame

_TIMEOUT = 20.0
_DRIVER = "Cpanel::Config::ConfigObj::Driver::MXVerdict"
_MAX_REGISTRATION = 1 << 16
REGISTRATION = {
    "name": "mxverdict",
    "service": "whostmgr",
    "url": "/cgi/addons/mxverdict/",
    "entryurl": "addons/mxverdict/index.cgi",
    "acls": "software-mxverdict",
    "user": "root",
}
"""The keys of the plugin's AppConfig file that decide who may open the page, and as whom it runs."""


def page_facts(host: Host) -> WhmPageFacts:
    """Never raises."""
    perl = facts(host.perl, None)
    driver = facts(host.privilege_driver, None)
    return WhmPageFacts(
        perl=perl,
        header=_has_header(host) if perl.exists else None,
        driver_file=driver,
        driver=_driver_loads(host) if perl.exists and driver.exists else None,
        registration=_registration(host, facts(host.registration, None)),
        page=facts(host.page, None),
    )


def _has_header(host: Host) -> bool:
    asked = {
        "REMOTE_USER": "root",
        "WHM50": "1",
        "cp_security_token": "",
        "SCRIPT_NAME": "/cgi/addons/mxverdict/",
    }
    made = frame.start(asked, str(host.root), framed=True, quiet=True)
    try:
        return bool(made.header and made.footer)
    finally:
        made.close()


def _driver_loads(host: Host) -> Optional[bool]:
    try:
        done = host.run(
            [
                host.perl,
                f"-I{host.cpanel}",
                f"-M{_DRIVER}::META",
                f"-M{_DRIVER}",
                "-e",
                f"exit !{_DRIVER}->acl_desc()",
            ],
            timeout=_TIMEOUT,
        )
    except HostError:
        return None
    return done.status == 0


def _registration(host: Host, file: FileFacts) -> str:
    if not file.exists:
        return file.kind
    text = read(host.registration, _MAX_REGISTRATION)
    if text is None:
        return "unreadable"
    rows = (line.partition("=") for line in text.decode(errors="replace").splitlines())
    keys = {key.strip(): value.strip() for key, found, value in rows if found}
    return next((key for key, value in REGISTRATION.items() if keys.get(key) != value), "ok")
