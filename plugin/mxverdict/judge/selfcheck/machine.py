"""What runs the product: Python, the keeper, Exim's log, and WHM's side of the page."""

from __future__ import annotations

from typing import Optional

from mxverdict.evidence.selfcheck import KeeperFacts, LogFacts, PythonFacts, Selfcheck, WhmPageFacts
from mxverdict.judge.selfcheck.item import Item, item, plural
from mxverdict.testers.known_holes import Version, parse

_OLDEST, _NEWEST = (3, 9), (3, 14)
_RUN_WITHIN = 120
"""Seconds; the timer runs the keeper every 30."""
_REINSTALL = "Run install.sh again."
_MANAGERS = {
    "missing": "systemctl cannot be run",
    "not_running": "systemd does not run here",
    "timeout": "systemctl did not answer in time",
}
_MAX_UNPARSED_SHARE = 5
"""One session in so many may be logged in a way that no one can attribute: visitors choose parts of their
lines."""


def python_items(python: PythonFacts) -> list[Item]:
    missing = [one.name for one in python.packages if not one.version]
    versions = ", ".join(f"{one.name} {one.version}" for one in python.packages if one.version)
    places = {"own": "the plugin's own environment", "system": "the system's"}
    return [
        item(
            "python.version",
            _supported(parse(python.version)),
            f"{python.version} ({places.get(python.place, 'elsewhere')})",
            "3.9 to 3.14",
            "The plugin was not tested with this Python.",
        ),
        item(
            "python.packages",
            not missing,
            f"missing: {', '.join(missing)}" if missing else versions,
            "every package of the plugin's environment",
            f"Checks and pages end with an error; open windows still close. {_REINSTALL}",
        ),
    ]


def _supported(version: Optional[Version]) -> Optional[bool]:
    return None if version is None else _OLDEST <= version[:2] <= _NEWEST


def keeper_items(keeper: KeeperFacts) -> list[Item]:
    return [_timer(keeper), _cron(keeper), _interpreter(keeper), _run(keeper), _windows(keeper)]


def _timer(keeper: KeeperFacts) -> Item:
    expected = "the timer mxverdict-keeper.timer is installed, enabled and active"
    meaning = f"The cron line alone closes test windows. {_REINSTALL}"
    if keeper.manager != "systemd":
        found = _MANAGERS.get(keeper.manager, "cannot be told")
        return item("keeper.timer", None, found, expected, meaning)
    state = f"{keeper.enabled or 'not enabled'}, {keeper.active or 'not active'}"
    good = keeper.timer.trusted and (keeper.enabled, keeper.active) == ("enabled", "active")
    found = state if keeper.timer.trusted else f"{state}; the file is {keeper.timer.described}"
    return item("keeper.timer", good, found, expected, meaning)


def _cron(keeper: KeeperFacts) -> Item:
    good = keeper.cron.trusted and keeper.cron_line
    found = keeper.cron.described
    if keeper.cron.exists and not keeper.cron_line:
        found += ", without a line that runs the keeper"
    return item(
        "keeper.cron",
        good,
        found,
        "/etc/cron.d/mxverdict runs the keeper",
        f"The systemd timer alone closes test windows. {_REINSTALL}",
    )


def _interpreter(keeper: KeeperFacts) -> Item:
    file, version = keeper.interpreter, keeper.interpreter_version
    if file is None:
        good, found = False, "the unit is missing or names none"
    else:
        runs = not version or bool(_supported(parse(version)))
        good = file.trusted and bool(file.mode & 0o100) and runs
        found = file.described + (f", Python {version}" if version else "")
    return item(
        "keeper.interpreter",
        good,
        found,
        "the unit's interpreter is Python 3.9 to 3.14 with SQLite, and only root can change it",
        "The keeper does not run: test windows stay open until a page or a command closes them. "
        f"{_REINSTALL}",
    )


def _run(keeper: KeeperFacts) -> Item:
    expected = f"the keeper ran within the last {_RUN_WITHIN} s, with success"
    meaning = "Test windows may stay open: see `journalctl -u mxverdict-keeper`."
    if keeper.recorded_error:
        return item("keeper.run", False, "it recorded an error", expected, meaning)
    if keeper.manager != "systemd":
        found = _MANAGERS.get(keeper.manager, "cannot be told") + "; it recorded no error"
        return item("keeper.run", None, found, expected, meaning)
    if keeper.last_run is None:
        return item("keeper.run", False, "not since the server started", expected, meaning)
    good = keeper.last_run <= _RUN_WITHIN and keeper.status == 0 and keeper.result == "success"
    found = f"{keeper.last_run} s ago, exit status {keeper.status}, {keeper.result or 'no result'}"
    return item("keeper.run", good, found, expected, meaning)


def _windows(keeper: KeeperFacts) -> Item:
    counts = f"{keeper.open} open, {keeper.overdue} overdue, {keeper.close_failed} failed to close"
    readable = keeper.journal in ("none", "ok")
    return item(
        "keeper.windows",
        readable and not (keeper.overdue or keeper.close_failed),
        counts if readable else "the journal cannot be read",
        "no test window is overdue",
        "The delay is off for someone for longer than promised: see `mxverdict window list`."
        if readable
        else "No test window opens, and open ones cannot be closed: see `mxverdict window list`.",
    )


def log_items(log: LogFacts) -> list[Item]:
    selector = log.selector
    missing = [name for name in ("smtp_connection", "incoming_port") if name not in (selector or ())]
    return [
        item(
            "log.selector",
            None if selector is None else not missing,
            "Exim does not say" if selector is None else ", ".join(selector) or "none of the known words",
            "smtp_connection and incoming_port are logged",
            "Tester sessions are not seen: `--close-after-test` has no effect and a window stays open "
            "until its deadline.",
        ),
        item(
            "log.path",
            log.path,
            {True: "as expected", False: "elsewhere", None: "Exim does not say"}[log.path],
            "Exim logs to /var/log/exim_mainlog",
            "Tester sessions are not seen, and the log page stays empty.",
        ),
        item(
            "log.mainlog",
            log.file.kind == "file" and log.file.owner == "exim" and not log.file.mode & 0o002,
            log.file.described,
            "owned by Exim's account, 0640",
            "What others can write does not prove that a tester was here."
            if log.file.exists
            else "Tester sessions are not seen, and the log page stays empty.",
        ),
        item(
            "log.rotation",
            not log.unknown_names,
            (", ".join(log.rotated) or "no rotated files")
            + (f"; {plural(log.unknown_names, 'name', 'names')} of another form" if log.unknown_names else "")
            + (f"; logrotate: {log.period}" if log.period else ""),
            "rotated files are named -YYYYMMDD or .N, plain or gzipped",
            "Sessions in those files are not seen.",
        ),
        _lines(log),
    ]


def _lines(log: LogFacts) -> Item:
    expected = "the last lines about sessions are understood"
    meaning = "Tester sessions may be missed, and windows wait for their deadline instead of a session."
    found = (
        f"{plural(log.lines, 'line', 'lines')}, {log.stamped} with a time; {log.not_understood} of "
        f"{plural(log.sessions, 'line', 'lines')} about sessions not understood"
    )
    if log.lines and log.stamped * 2 < log.lines:
        return item("log.lines", False, found, expected, meaning)
    good = None if not log.sessions else log.not_understood * _MAX_UNPARSED_SHARE <= log.sessions
    return item("log.lines", good, found, expected, meaning)


def page_items(page: WhmPageFacts) -> list[Item]:
    driver = None if page.driver is None and page.driver_file.exists else bool(page.driver)
    return [
        item(
            "frame.perl",
            page.perl.trusted and bool(page.perl.mode & 0o100),
            page.perl.described,
            "cPanel's Perl is executable, owned by root, changed by no one else",
            "Only root, and no reseller, can open the page; it shows without WHM's menu.",
        ),
        item(
            "frame.header",
            page.header,
            {True: "made", False: "not made", None: "not tried without Perl"}[page.header],
            "WHM makes header and footer around the page",
            "The page shows without WHM's header and menu.",
        ),
        item(
            "privilege.driver",
            driver and page.driver_file.trusted,
            page.driver_file.described
            + {True: ", loads", False: ", does not load", None: ", not tried"}[page.driver],
            "the module of the resellers' privilege loads, and only root can change it",
            "The page is for root-level users alone: WHM cannot show the privilege.",
        ),
        item(
            "privilege.registration",
            page.registration == "ok",
            {"ok": "registered as expected"}.get(
                page.registration,
                page.registration
                if page.registration in ("missing", "unreadable")
                else f"other {page.registration}",
            ),
            "WHM knows the page with its privilege",
            f"WHM does not show the page, or to others than meant. {_REINSTALL}",
        ),
        item(
            "privilege.page",
            page.page.trusted and bool(page.page.mode & 0o100),
            page.page.described,
            "root:root 0700",
            f"WHM does not start the page, or others than root can change it. {_REINSTALL}",
        ),
    ]


def machine_items(evidence: Selfcheck) -> list[Item]:
    return [
        *python_items(evidence.python),
        *keeper_items(evidence.keeper),
        *log_items(evidence.log),
        *page_items(evidence.page),
    ]
