"""When a simulated session can do without the Perl that cPanel's exim.conf has Exim load at each start.

`perl_startup` with `perl_at_start` costs each start of Exim 100 ms and more; `-pd` puts the loading off until
Perl is used (Exim specification, chapter "Embedded Perl"). Exim would then load it as its own user instead of
root, and a router whose condition fails for that is silently skipped. So `-pd` is for starts that cannot
reach Perl: `-bV`, `-bP`, and sessions that end before MAIL when neither the main options nor the ACLs run by
then use it. Whatever is not plain to see counts as a use.
"""

from __future__ import annotations

import re
from pathlib import Path

from mxverdict.fs.read import read_regular

_CONTINUED = re.compile(r"\\[ \t]*\n(?:[ \t]*#.*\n)*[ \t]*")
_SECTION = re.compile(r"^[ \t]*begin[ \t]+(\w+)[ \t]*$", re.MULTILINE)
_STARTUP = re.compile(r"^[ \t]*perl_startup[ \t]*=", re.MULTILINE)
_INCLUDE = re.compile(r"^[ \t]*\.include", re.MULTILINE)
_ACL = re.compile(r"^[ \t]*([A-Za-z][\w.-]*)[ \t]*:[ \t]*$", re.MULTILINE)
_CALLED = re.compile(r"\bacl\s*=\s*(\S+)|\$\{\s*acl\s*\{\s*([^\s{}]+)|\bacl\s*\{\{?\s*([^\s{}]+)")
_BEFORE_MAIL = ("acl_smtp_connect", "acl_smtp_helo")


def late_perl(exim_conf: Path) -> tuple[str, ...]:
    """The option for a start of Exim that uses no Perl; () where the configuration brings none, for an Exim
    without Perl takes it for the name of a protocol."""
    return ("-pd",) if _STARTUP.search(_text(exim_conf)) else ()


def late_before_mail(exim_conf: Path) -> tuple[str, ...]:
    """The option for a simulated session that ends before MAIL; () when it might use Perl."""
    return late_perl(exim_conf) if needless_before_mail(_text(exim_conf)) else ()


def _text(exim_conf: Path) -> str:
    try:
        return read_regular(exim_conf).decode(errors="replace").replace("\r\n", "\n")
    except OSError:
        return ""


def needless_before_mail(exim_conf: str) -> bool:
    """Whether a session that ends before MAIL certainly uses no Perl, by the text of exim.conf."""
    if _INCLUDE.search(exim_conf):
        return False
    main, *rest = _SECTION.split(_CONTINUED.sub("", exim_conf))
    sections = dict(zip(rest[::2], rest[1::2]))
    if _uses(main) or _uses(sections.get("authenticators", "")):
        return False
    _, *named = _ACL.split(sections.get("acl", ""))
    acls = dict(zip(named[::2], named[1::2]))
    waiting = [name for option in _BEFORE_MAIL if (name := _option(main, option))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in acls or _uses(acls[name]):
            return False
        waiting += [next(filter(None, match)) for match in _CALLED.findall(acls[name])]
    return True


def _option(main: str, name: str) -> str:
    """The last value of a main option; "" when it is not set."""
    values = re.findall(rf"^[ \t]*{name}[ \t]*=(.*)$", main, re.MULTILINE)
    return values[-1].strip().strip('"') if values else ""


def _uses(text: str) -> bool:
    return re.search(r"\$\{\s*perl", text) is not None
