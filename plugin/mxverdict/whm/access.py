"""Who may use the page. The CGI runs as root whoever is logged in: this is the only gate, it fails closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Union

from mxverdict.errors import HostError
from mxverdict.host import Host

_ROOT_LEVEL = "root-level"
_PROGRAM = (
    "use Whostmgr::ACLS (); Whostmgr::ACLS::init_acls(); "
    f"print Whostmgr::ACLS::hasroot() ? '{_ROOT_LEVEL}' : 'reseller';"
)
_ASKED = ("REMOTE_USER", "WHM_API_TOKEN_NAME")


def is_root_level(host: Host, environ: Mapping[str, str]) -> bool:
    """Does the visitor named by the CGI's environment have root's privileges?

    root itself is known by name. Others, and root behind an API token (whose privileges may be narrower), are
    judged by WHM's own Whostmgr::ACLS, which reads the same two variables (facts: whm.md 8.3).
    """
    if environ.get("REMOTE_USER") == "root" and "WHM_API_TOKEN_NAME" not in environ:
        return True
    if not environ.get("REMOTE_USER"):
        return False
    asked = {name: environ[name] for name in _ASKED if name in environ}
    perl: list[Union[str, Path]] = [host.cpanel / "3rdparty/bin/perl", f"-I{host.cpanel}", "-e", _PROGRAM]
    try:
        answer = host.run(perl, timeout=10, environment={**host.environment(), **asked})
    except HostError:
        return False
    return answer.status == 0 and answer.stdout == _ROOT_LEVEL
