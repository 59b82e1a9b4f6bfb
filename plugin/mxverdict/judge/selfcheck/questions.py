"""What was open about real cPanel servers, answered as far as looking can."""

from __future__ import annotations

from dataclasses import dataclass

from mxverdict.evidence.selfcheck import ApiCall, Selfcheck

_NOT_TRIED = "not tried: would change the server"


@dataclass(frozen=True)
class Question:
    """`answer` is what this server says; where that cannot be had by looking, `meaning` says what would
    tell."""

    id: str
    question: str
    answer: str
    meaning: str


def questions(evidence: Selfcheck) -> list[Question]:
    return [
        Question(
            "question.secret_copy",
            "Does set_tweaksetting copy the smarthost password into exim.conf.localopts and restart spamd?",
            _secret(evidence),
            "With a password in the shadow file the product edits one line instead. A save in WHM's Exim "
            "editor on a "
            "test server with a smarthost would tell.",
        ),
        Question(
            "question.value_type",
            "What JSON type has the value of a setting, and what is it when the key is absent?",
            _value(evidence),
            "Strings and numbers are read; a value that is left out is looked up in the file.",
        ),
        Question(
            "question.delay_stanzas",
            "Are there still three delay statements with the same seconds and lists, and does `exim -bh` "
            "show them?",
            _stanzas(evidence),
            "See exim.markers, exim.delay, exim.exempt_lists and exim.trace.",
        ),
        Question(
            "question.list_editor",
            "What does WHM's editor of host lists do with networks, comments, IPv6, order and file mode?",
            f"{_NOT_TRIED}; the file now: {_bypass_list(evidence)}",
            "Save the list in WHM while it holds a network, a comment and a quoted IPv6 address, and "
            "compare.",
        ),
        Question(
            "question.rebuild_time",
            "How long do buildeximconf and restartsrv_exim take, and are connections dropped?",
            _NOT_TRIED,
            "The activity log shows it for the next window that disables the delay.",
        ),
        Question(
            "question.failed_restart",
            "What does restartservice answer when Exim fails to start?",
            _NOT_TRIED,
            "The product does not ask it: it runs the script and verifies that the daemon is new.",
        ),
        Question(
            "question.cgi_environment",
            "What does WHM pass to a page, and how long may it take?",
            "not tried: only WHM starts a page",
            "Opening MX Verdict in WHM as a reseller with the privilege tells: it must not be refused.",
        ),
        Question(
            "question.duplicate_trusted_host",
            "What happens to a greylisting trusted host that is added twice, and when does its file change?",
            _NOT_TRIED,
            "The product adds only what is missing and waits for the file; a window that exempts a "
            "tester while "
            "greylisting is on tells.",
        ),
        Question(
            "question.whmapi1",
            "How does whmapi1 end for a refused call and an unknown function, does it decode values, and "
            "does it list "
            "functions for host lists?",
            _whmapi1(evidence),
            "The product reads metadata.result alone. See whm.refusal, whm.unknown_function and "
            "whm.decoding.",
        ),
        Question(
            "question.privilege_names",
            "Which privileges do set_tweaksetting and the greylisting functions need?",
            "not tried: whmapi1 answers for root, who has all",
            "`whmapi1 myprivs` and the functions called with a reseller's API token tell.",
        ),
        Question(
            "question.python",
            "Which Python is the default, and does cPanel bring its own?",
            f"/usr/bin/python3 is {evidence.python.system_version or 'missing or does not run'}; "
            "cPanel's own is "
            f"{'there' if evidence.python.cpanel_python else 'not there'}",
            "The product does not use cPanel's.",
        ),
        Question(
            "question.logrotate",
            "How often are Exim's logs rotated?",
            _rotation(evidence),
            "See log.rotation: sessions are found as far back as rotated files are kept.",
        ),
    ]


def _secret(evidence: Selfcheck) -> str:
    setting = evidence.setting
    if setting.password and setting.leaked:
        return f"{_NOT_TRIED}; the password is in both files now, so something has copied it"
    there = "there is a password in the shadow file" if setting.password else "there is no smarthost password"
    return f"{_NOT_TRIED}; {there}"


def _value(evidence: Selfcheck) -> str:
    call = _of(evidence, "get_tweaksetting")
    line = {"absent": "absent from the file", "empty": "empty in the file"}.get(
        evidence.setting.line, "in the file"
    )
    if not call.value:
        return "WHM did not answer"
    return f"{'left out' if call.value == 'absent' else call.value} while the key is {line}"


def _stanzas(evidence: Selfcheck) -> str:
    exim = evidence.exim
    session = next((one for one in exim.sessions if one.visitor == "unknown"), None)
    shown = "not shown"
    if session and not session.failure:
        shown = ", ".join(f"{one.name} {one.delay} s" for one in session.stages)
    count = "unknown" if exim.stanzas is None else exim.stanzas
    return f"{count} statements, {len(exim.exempt_lists)} of cPanel's lists in them; simulated: {shown}"


def _bypass_list(evidence: Selfcheck) -> str:
    one = next((one for one in evidence.lists if one.name == "senderverifybypasshosts"), None)
    if one is None:
        return "unknown"
    return f"{one.file.described}, {one.keys} entries, {one.comments} comments, {one.others} other lines"


def _whmapi1(evidence: Selfcheck) -> str:
    refused, unknown = _of(evidence, "refused"), _of(evidence, "unknown_function")
    decodes = {True: "decodes values", False: "does not decode values", None: "decoding unknown"}
    names = str(evidence.whm.list_functions) if evidence.whm.listed else "an unknown number of"
    return (
        f"refused call: {refused.outcome}, exit status {_status(refused)}; unknown function: "
        f"{unknown.outcome}, exit "
        f"status {_status(unknown)}; {decodes[evidence.whm.decodes]}; {names} functions that sound like it"
    )


def _status(call: ApiCall) -> str:
    return "unknown" if call.status is None else str(call.status)


def _rotation(evidence: Selfcheck) -> str:
    log = evidence.log
    forms = ", ".join(log.rotated) or "no rotated files"
    return f"{log.period or 'logrotate does not name them'}; {forms}"


def _of(evidence: Selfcheck, function: str) -> ApiCall:
    calls = evidence.whm.calls
    return next((one for one in calls if one.function == function), ApiCall(function, "not_asked"))
