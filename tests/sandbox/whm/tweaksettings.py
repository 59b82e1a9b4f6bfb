"""get_tweaksetting and set_tweaksetting.

Module Mail stands in `etc/exim.conf.localopts`, its smarthost password in `etc/exim.conf.localopts.shadow`;
both are read merged. One save of module Mail, as observed on release 116:
A. writes the *merged* settings, the password among them, into the 0644 localopts;
B. adds `acl_<name>_rbl=0` for every RBL it knows and does not find, and sorts the file (what it makes of
   keys without `=` was not observed: the stand-in does the worst and drops them);
C. runs the action of every key in the file, not only of the changed one;
D. neither rebuilds `etc/exim.conf` nor restarts Exim.
"""

from __future__ import annotations

import fcntl
import re
from pathlib import Path
from typing import Any, Optional

from tests.sandbox.whm import faults
from tests.sandbox.whm.api import Call, Refused

_MAIL_SWITCHES = {
    "acl_delay_unknown_hosts": 1,
    "acl_dont_delay_greylisting_common_mail_providers": 0,
    "acl_dont_delay_greylisting_trusted_hosts": 1,
    "acl_outgoing_spam_scan": 0,
    "acl_ratelimit": 1,
    "acl_requirehelo": 1,
    "acl_requirehelonoforge": 1,
    "acl_requirehelosyntax": 1,
    "acl_slow_fail_block": 1,
    "acl_trustedmailhosts": 0,
    "callouts": 0,
    "globalspamassassin": 0,
    "query_apache_for_nobody_senders": 1,
    "requirehelonold": 0,
    "senderverify": 1,
    "spamassassin_plugin_BAYES_POISON_DEFENSE": 1,
    "spamassassin_plugin_CPANEL": 1,
    "spamassassin_plugin_KAM": 1,
    "spamassassin_plugin_P0f": 1,
    "trust_x_php_script": 1,
}
_MAIL_TEXTS = {"smarthost_password", "smarthost_routelist", "smarthost_username"}
_RBLS = ("spamcop", "spamhaus")
_REQUIRES = {
    "acl_dont_delay_greylisting_common_mail_providers": "acl_delay_unknown_hosts",
    "acl_dont_delay_greylisting_trusted_hosts": "acl_delay_unknown_hosts",
    "callouts": "senderverify",
}
_FLAG_FILES = {
    "acl_outgoing_spam_scan": "var/cpanel/config/email/outgoing_spam_scan",
    "globalspamassassin": "etc/global_spamassassin_enable",
    "query_apache_for_nobody_senders": "var/cpanel/config/email/query_apache_for_nobody_senders",
    "trust_x_php_script": "var/cpanel/config/email/trust_x_php_script",
}
_BASIC = {"CONTACTEMAIL", "CONTACTPAGER", "HOST", "NS"}
_MAIN = {"defaultmailaction", "maxemailsperhour", "nobodyspam"}
_FILES = {
    "Mail": ("etc/exim.conf.localopts", "="),
    "Basic": ("etc/wwwacct.conf", " "),
    "Main": ("var/cpanel/cpanel.config", "="),
}
_SHADOW = "etc/exim.conf.localopts.shadow"
ACTIONS_LOG = "sandbox/actions.log"


def get_tweaksetting(call: Call) -> dict[str, Any]:
    """`value` is the text of the file; it is left out when the key is absent, and when it is empty."""
    module, key = _known(call)
    try:
        value = _read(call.root, module).get(key)
    except OSError:
        raise Refused("Unable to get tweaksetting") from None
    setting: dict[str, Any] = {"key": key}
    if value:
        number = faults.is_on(call.root, "tweaksetting-number") and value.isdigit()
        setting["value"] = int(value) if number else value
    return {"tweaksetting": setting}


def set_tweaksetting(call: Call) -> None:
    """Without `value` nothing changes, and the answer is OK all the same."""
    module, key = _known(call)
    if "value" not in call.parameters:
        return
    value = call.parameters["value"]
    if module == "Mail" and key not in _MAIL_TEXTS and value not in {"0", "1"}:
        raise Refused("Value must be either 0 or 1")
    failed = Refused("Error encountered applying new setting.  Changes were not saved.")
    if faults.is_on(call.root, "set_tweaksetting-fails"):
        raise failed
    try:
        with (call.root / (_FILES[module][0] + ".lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _save(call.root, module, key, value)
    except OSError:
        raise failed from None


def _known(call: Call) -> tuple[str, str]:
    module = call.parameters.get("module", "Main")
    key = call.parameters.get("key", "")
    if module not in _FILES:
        raise Refused("Invalid tweaksetting module")
    rbls = {f"acl_{name}_rbl" for name in _RBLS}
    keys = {"Mail": _MAIL_SWITCHES.keys() | _MAIL_TEXTS | rbls, "Basic": _BASIC, "Main": _MAIN}[module]
    if not re.fullmatch(r"[A-Za-z0-9_-]+", key) or key not in keys:
        raise Refused("Invalid tweaksetting key")
    return module, key


def _read(root: Path, module: str) -> dict[str, str]:
    name, separator = _FILES[module]
    settings = _parse(root / name, separator)
    if module == "Mail":
        settings.update(_parse(root / _SHADOW, separator))
    return settings


def _parse(path: Path, separator: str) -> dict[str, str]:
    if not path.exists():
        return {}
    rows = (line.partition(separator) for line in path.read_text().splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, found, value in rows if found}


def _save(root: Path, module: str, key: str, value: str) -> None:
    settings = _read(root, module)
    settings[key] = value
    if module == "Mail":
        required = _REQUIRES.get(key)
        if value == "1" and required and not _switched_on(settings, required):
            raise Refused(f"{key} requires {required}")
        for name in _RBLS:
            settings.setdefault(f"acl_{name}_rbl", "0")
    name, separator = _FILES[module]
    path = root / name
    new = path.with_name(path.name + ".new")
    new.write_text("".join(f"{key}{separator}{settings[key]}\n" for key in sorted(settings)))
    new.chmod(0o644)
    new.replace(path)
    if module == "Mail":
        _run_actions(root, settings)


def _switched_on(settings: dict[str, str], key: str) -> bool:
    value: Optional[str] = settings.get(key)
    return bool(_MAIL_SWITCHES[key]) if value is None else value == "1"


def _run_actions(root: Path, settings: dict[str, str]) -> None:
    """Trap C: flag files are made to match the file again; a restart of spamd is only noted in the log."""
    for key, value in settings.items():
        if key in _FLAG_FILES:
            flag = root / _FLAG_FILES[key]
            if value == "1":
                flag.parent.mkdir(parents=True, exist_ok=True)
                flag.touch()
            else:
                flag.unlink(missing_ok=True)
        if key.startswith("spamassassin_plugin_"):
            with (root / ACTIONS_LOG).open("a") as log:
                log.write(f"restart of spamd scheduled by {key}\n")
