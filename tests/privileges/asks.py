"""What can be asked for, and whose it is: each a request that a browser can send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mxverdict.web.tasks.checks import PASTED, domain_job
from tests.sandbox.network import SERVER_IPV4

YES = "yes"
TOLD = "told"
HIDDEN = "hidden"
NOT_THEIRS = "403"
NO_FORM = "no form"
NOT_THERE = "404"
MALFORMED = "400"
OUTCOMES = {
    YES: "answered or done",
    TOLD: "taken, and the page then says why it could not be done; nothing changes",
    HIDDEN: "the page comes without what is not theirs",
    NOT_THEIRS: "refused in a plain sentence; nothing changes; it stands in the audit trail",
    NO_FORM: "refused (403): no form of this login; an API token has none, so that it can change nothing",
    NOT_THERE: "404: there is no such thing; nothing changes",
    MALFORMED: "400: not what a form of ours sends; nothing changes",
    "WHM 401": "WHM asks for a login",
    "WHM 403": "WHM refuses; the page is not even started",
}

QUIET, RESELLERS_MAY_NOT, CLOSED, PERMANENT = "quiet", "resellers may not", "closed", "permanent"
BY_COMMAND, DELAY_OFF, FOR_ADDRESS = "on the command line", "the delay off", "for an address"
CLOSED_CAROLS = "closed, of carol's"
"""How the server stands when the request comes; a user's name instead: that user has a window open."""
TAKES_LONG = "check"
"""The action whose work is cut short in the test."""

DOMAINS = {
    "a domain of alice's": ("alice", "shop.example"),
    "a name below a domain of alice's": ("alice", "mail.shop.example"),
    "a domain of carol's": ("carol", "cake.example"),
    "a domain of carol's below one of alice's": ("carol", "corner.shop.example"),
    "a domain of an account of root's": ("root", "house.example"),
    "a domain of nobody's": ("", "elsewhere.example"),
    "the server's address": ("", SERVER_IPV4),
    "a private address": ("", "10.1.2.3"),
    "127.0.0.1": ("", "127.0.0.1"),
}
WINDOW_JOBS = {"alice": "a" * 32, "carol": "c" * 32, "root": "0" * 32}
REPORT_JOBS = {user: PASTED + name for user, name in WINDOW_JOBS.items()}
WORDS = {"alice": "Cinnamon has done it.", "carol": "Vanilla has done it.", "root": "Pepper has done it."}
"""What stands in what each of them left, and nowhere else."""
GUESSED = "f" * 32
WINDOW = "1"
ADDRESS = "198.51.100.77"


@dataclass(frozen=True)
class Ask:
    """`what` of permissions.VIEWS or ACTIONS (or a name beside them), and `whose` it is in words.

    `owner` is the user it belongs to. `made`: it was made by that user in a browser, as windows, jobs and
    reports are; else it is theirs by WHM's account. `root_gets`, `owner_gets` and `others_get` are the
    outcomes for those who get that far. `shows` is what an answer holds that shows it, and no other does;
    `for_root` is what root alone sees in it.
    """

    what: str
    whose: str = "-"
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    made: bool = False
    scene: str = QUIET
    root_gets: str = YES
    owner_gets: str = YES
    others_get: str = NOT_THEIRS
    shows: str = ""
    for_root: str = ""

    @property
    def is_action(self) -> bool:
        return self.what.startswith("action=")


_FILE = "attachment; filename="
_OPEN = {"kind": "whitelist", "tester": "mxtoolbox", "minutes": "20"}
_ANYBODY: dict[str, Any] = {"owner_gets": YES, "others_get": YES}
_NOT_THERE: dict[str, Any] = {"root_gets": NOT_THERE, "owner_gets": NOT_THERE, "others_get": NOT_THERE}
_MALFORMED: dict[str, Any] = {"root_gets": MALFORMED, "owner_gets": MALFORMED, "others_get": MALFORMED}
_BUT_FOR_ROOT: dict[str, Any] = {"owner_gets": MALFORMED, "others_get": MALFORMED}
_NOTHING_KNOWN = "Nothing is known of this."
_SETTINGS = {
    "minutes": "17",
    "most_minutes": "200",
    "resellers_most_minutes": "30",
    "tester": "mxtoolbox",
    "contact": "",
    "language": "",
    "framed": "1",
}


def _view(name: str, whose: str = "-", **more: Any) -> Ask:
    return Ask(f"view={name}", whose, **more)


def _action(name: str, whose: str = "-", **more: Any) -> Ask:
    return Ask(f"action={name}", whose, **more)


def _jobs(name: str, others_get: str = NOT_THEIRS, **more: Any) -> list[Ask]:
    rows = [
        _view(
            name,
            f"work of {user}'s",
            query={"job": job},
            owner=user,
            made=True,
            shows="" if name == "poll" else WORDS[user],
            others_get=others_get,
            **more,
        )
        for user, job in WINDOW_JOBS.items()
    ]
    guessed = {"root_gets": YES, "owner_gets": others_get, "others_get": others_get}
    return [*rows, _view(name, "a guessed id", query={"job": GUESSED}, **guessed, **more)]


def _checks(name: str) -> list[Ask]:
    """The jobs of checks, whose ids can be worked out from the domain's name."""
    return [
        _view(name, f"the check of {whose}", query={"job": domain_job(target)}, owner=owner)
        for whose, (owner, target) in DOMAINS.items()
        if whose in ("a domain of alice's", "a domain of carol's")
    ]


def _domains(name: str, field: str, *, action: bool, every: bool = True, **more: Any) -> list[Ask]:
    """Without `every` one stands for all that nobody's accounts have."""
    make = _action if action else _view
    place = "form" if action else "query"
    fixed = more.pop(place, {})

    def ask(whose: str, target: str, **rest: Any) -> Ask:
        return make(name, whose, **{place: {**fixed, field: target}, **rest})

    rows = [
        ask(whose, target, owner=owner, **more)
        for whose, (owner, target) in DOMAINS.items()
        if every or owner or target == SERVER_IPV4
    ]
    return [*rows, ask("what is no domain", "no domain", **_MALFORMED)]


def _windows(name: str, closed: str, permanent: str, **form: str) -> list[Ask]:
    def ask(whose: str, scene: str, owner: str, number: str = WINDOW, **more: Any) -> Ask:
        return _action(name, whose, form={"id": number, **form}, scene=scene, owner=owner, made=True, **more)

    own = [ask(f"a window of {user}'s", user, user) for user in WINDOW_JOBS]
    return [
        *own,
        ask("a closed window of alice's", CLOSED, "alice", root_gets=closed, owner_gets=closed),
        ask("a window of alice's on the command line", BY_COMMAND, ""),
        ask("a permanent entry that alice made when she was root", PERMANENT, "", root_gets=permanent),
        ask("a guessed number", "carol", "", "999", root_gets=TOLD),
        ask("a negative number", "carol", "", "-1", **_MALFORMED),
    ]


ASKS = (
    _view("main", **_ANYBODY, for_root="Name in the banner"),
    *_jobs("main", HIDDEN),
    *(
        _view(
            "main", f"an address that root lets past {until}", scene=scene, shows=ADDRESS, others_get=HIDDEN
        )
        for until, scene in (("for some minutes", FOR_ADDRESS), ("for good", PERMANENT))
    ),
    _view(
        "main",
        "a closed window of carol's",
        scene=CLOSED_CAROLS,
        owner="carol",
        shows=WORDS["carol"],
        others_get=HIDDEN,
    ),
    _view("domain", **_ANYBODY),
    *_domains("domain", "domain", action=False, shows="view=report&amp;format=html"),
    _view("report", "the server", query={"format": "text"}, shows=_FILE),
    *_domains(
        "report",
        "domain",
        action=False,
        every=False,
        query={"format": "text"},
        shows=_FILE,
        for_root="Delay for unknown hosts, on",
    ),
    _view(
        "report",
        "a domain of alice's, after a window of carol's",
        query={"format": "text", "domain": "shop.example"},
        scene=CLOSED_CAROLS,
        owner="alice",
        for_root=": test window ",
    ),
    _view("explain", **_ANYBODY),
    *(
        _view(
            "explain",
            f"a pasted report of {user}'s",
            query={"job": job},
            owner=user,
            made=True,
            shows=WORDS[user],
        )
        for user, job in REPORT_JOBS.items()
    ),
    _view("explain", "a guessed id", query={"job": PASTED + GUESSED}),
    *_checks("explain"),
    _view("history", **_ANYBODY),
    *(
        _view("history", f"what {user} did", owner=user, made=True, shows=word, others_get=HIDDEN)
        for user, word in WORDS.items()
    ),
    _view(
        "history",
        "changes of settings",
        query={"kind": "settings"},
        owner_gets=NOT_THERE,
        others_get=NOT_THERE,
    ),
    _view("state", **_ANYBODY),
    *_jobs("state"),
    *_checks("state"),
    _view("poll", **_ANYBODY),
    *_jobs("poll"),
    *_checks("poll"),
    _view("rule", **_ANYBODY, shows="?view=rule&amp;id=smtp.banner"),
    _view("rule", "one of them", query={"id": "smtp.banner"}, **_ANYBODY, shows="SMTP Banner Check"),
    _view("rule", "what is none", query={"id": "no.such.rule"}, **_NOT_THERE),
    _view("testers"),
    _view("log"),
    _view("settings"),
    _view("no-such-view", **_NOT_THERE),
    Ask("static=app.css", **_ANYBODY, shows="#mxverdict"),
    Ask("static=no-such-file", **_NOT_THERE),
    _action("check", "nothing", form={"domain": ""}, **_MALFORMED),
    *_domains("check", "domain", action=True),
    _action(
        "explain",
        "the whole server",
        form={"text": _NOTHING_KNOWN},
        **_BUT_FOR_ROOT,
    ),
    *_domains("explain", "about", action=True, every=False, form={"text": _NOTHING_KNOWN}),
    _action(
        "explain",
        "a domain of alice's, in a text about one of carol's",
        form={"about": "shop.example", "text": "dns:cake.example"},
        owner="carol",
    ),
    _action("open", "for a tester", form=_OPEN, **_ANYBODY),
    _action("open", "for a tester, where resellers may not", form=_OPEN, scene=RESELLERS_MAY_NOT),
    _action(
        "open",
        "for longer than resellers may",
        form={**_OPEN, "minutes": "31"},
        **_BUT_FOR_ROOT,
    ),
    _action("open", "for a tester nobody knows", form={**_OPEN, "tester": "nobody"}, **_MALFORMED),
    _action("open", "for an address", form={**_OPEN, "address": ADDRESS}),
    _action("open", "the delay off for everybody", form={**_OPEN, "kind": "delay_off"}),
    *_windows("extend", TOLD, TOLD, minutes="25"),
    _action(
        "extend",
        "a window of alice's, for longer than resellers may",
        form={"id": WINDOW, "minutes": "31"},
        scene="alice",
        **_BUT_FOR_ROOT,
    ),
    _action(
        "extend",
        "the delay off, by alice when she was root",
        form={"id": WINDOW, "minutes": "25"},
        scene=DELAY_OFF,
    ),
    *_windows("close", TOLD, YES),
    _action("permanent", form={"address": ADDRESS}),
    _action("common-providers"),
    _action("add-tester-address", form={"address": ADDRESS, "tester": "mxtoolbox"}),
    _action("remove-tester-address", form={"address": ADDRESS}),
    _action("find-testers"),
    _action(
        "settings",
        form={
            "minutes": "17",
            "most_minutes": "200",
            "resellers_most_minutes": "30",
            "tester": "mxtoolbox",
            "contact": "",
            "language": "",
            "framed": "1",
        },
    ),
    _action("no-such-action", **_NOT_THERE),
)
