"""The pages and the actions, one entry each. Default deny: what is not in the tables is refused to everyone.

Imports little, so that WHM's header is on its way while the page itself is still being imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mxverdict.i18n.catalog import N_
from mxverdict.web.auth import admission
from mxverdict.web.http.request import BODY_LIMIT, PASTE_LIMIT, Request
from mxverdict.web.http.visitor import DELEGATED, ROOT, Visitor

ROOT_ALONE = (ROOT,)
BOTH = (ROOT, DELEGATED)


def module_of(target: str) -> str:
    """`target` is a function of a module, imported when a request needs it: `package.module:function`."""
    return target.partition(":")[0]


def load(target: str) -> Any:
    return getattr(import_module(module_of(target)), target.partition(":")[2])


def _page(name: str, function: str = "show") -> str:
    return f"mxverdict.web.pages.{name}:{function}"


def _task(name: str, function: str) -> str:
    return f"mxverdict.web.tasks.{name}:{function}"


@dataclass(frozen=True)
class View:
    """What answers a view, to visitors of which `levels`.

    `target` draws a page inside WHM's frame (see `pages.shell`); one that is not `framed` returns a Response
    instead, and so does `part`, which answers for the part of the page that its script asks for. `refused` is
    what the history says of a refused request, `label` the page's name in the navigation ("" for none);
    `require` raises HttpError for what the page cannot show to this visitor, before anything is sent; `form`
    draws the form again in which a field was mistyped. `reseller` and `reseller_label` replace `target` and
    `label` for everybody but root.
    """

    target: str
    levels: tuple[str, ...]
    refused: str
    label: str = ""
    require: Callable[[Request], None] = admission.no_condition
    framed: bool = True
    part: str = ""
    form: str = ""
    reseller: str = ""
    reseller_label: str = ""

    def target_for(self, visitor: Visitor) -> str:
        return self.target if visitor.is_root or not self.reseller else self.reseller

    def label_for(self, visitor: Visitor) -> str:
        """Return "" for a page that the visitor's navigation does not have."""
        if visitor.level not in self.levels:
            return ""
        return self.label if visitor.is_root else self.reseller_label or self.label


@dataclass(frozen=True)
class Action:
    """What a form does, for visitors of which `levels`.

    `target` is called with host, visitor and form, and may raise HttpError. It returns the address of the
    page to go on at, or the work to be done `in_job`. `refused` and `form` are as those of a view,
    `body_limit` is the most that the form may have, in bytes.
    """

    target: str
    levels: tuple[str, ...]
    refused: str
    in_job: bool = False
    form: str = ""
    body_limit: int = BODY_LIMIT


VIEWS: dict[str, View] = {
    "main": View(
        _page("home"),
        BOTH,
        N_("Refused: the first page"),
        N_("This server"),
        require=admission.own_domains,
        reseller=_page("reseller"),
        reseller_label=N_("Your domains"),
    ),
    "domain": View(
        _page("domain"),
        BOTH,
        N_("Refused: the page of a domain"),
        N_("A domain"),
        require=admission.own_target,
        part=_page("domain", "send_rows"),
        form=_page("domain"),
    ),
    "explain": View(
        _page("pasted_report"),
        BOTH,
        N_("Refused: the answer to a report in hand"),
        N_("A report in hand"),
        require=admission.own_job,
        part=_page("pasted_report", "send_rows"),
    ),
    "testers": View(
        _page("testers"), ROOT_ALONE, N_("Refused: the testers compared"), N_("Testers compared")
    ),
    "log": View(
        _page("log"),
        ROOT_ALONE,
        N_("Refused: what the log says"),
        N_("What the log says"),
        require=admission.known_span,
    ),
    "history": View(
        _page("history"),
        BOTH,
        N_("Refused: the history"),
        N_("History"),
        require=admission.known_entries,
    ),
    "settings": View(_page("settings"), ROOT_ALONE, N_("Refused: the page of the settings"), N_("Settings")),
    "rule": View(_page("rule"), BOTH, N_("Refused: what a check is about"), require=admission.known_rule),
    "report": View(
        _page("download", "send"),
        BOTH,
        N_("Refused: downloading a report"),
        framed=False,
        form=_page("domain"),
    ),
    "state": View(_page("state", "send_state"), BOTH, N_("Refused: how far some work is"), framed=False),
    "poll": View(_page("state", "send_version"), BOTH, N_("Refused: how far some work is"), framed=False),
}
"""In the order of the navigation."""
_WINDOW_FORM = _page("window_form")
ACTIONS: dict[str, Action] = {
    "check": Action(
        _task("checks", "start_domain"), BOTH, N_("Refused: checking a domain"), form=_page("domain")
    ),
    "explain": Action(
        _task("checks", "start_pasted"),
        BOTH,
        N_("Refused: explaining a report in hand"),
        form=_page("pasted_report"),
        body_limit=PASTE_LIMIT,
    ),
    "open": Action(
        _task("window_forms", "open_window"),
        BOTH,
        N_("Refused: opening a test window"),
        in_job=True,
        form=_WINDOW_FORM,
    ),
    "extend": Action(
        _task("window_forms", "extend_window"),
        BOTH,
        N_("Refused: a new deadline"),
        in_job=True,
        form=_WINDOW_FORM,
    ),
    "close": Action(
        _task("window_forms", "close_window"), BOTH, N_("Refused: closing a test window"), in_job=True
    ),
    "permanent": Action(
        _task("window_forms", "add_permanent_bypass"),
        ROOT_ALONE,
        N_("Refused: letting an address past for good"),
        in_job=True,
    ),
    "common-providers": Action(
        _task("window_forms", "exempt_common_providers"),
        ROOT_ALONE,
        N_("Refused: exempting Common Mail Providers"),
        in_job=True,
    ),
    "add-tester-address": Action(
        _task("window_forms", "add_tester_address"),
        ROOT_ALONE,
        N_("Refused: adding a tester address"),
        in_job=True,
    ),
    "remove-tester-address": Action(
        _task("window_forms", "remove_tester_address"),
        ROOT_ALONE,
        N_("Refused: removing a tester address"),
        in_job=True,
    ),
    "find-testers": Action(
        _task("tester_search", "start"), ROOT_ALONE, N_("Refused: looking for new addresses of testers")
    ),
    "settings": Action(
        _task("settings_form", "save"),
        ROOT_ALONE,
        N_("Refused: changing the settings"),
        form=_page("settings"),
    ),
}
