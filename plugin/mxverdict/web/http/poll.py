"""Whether anything has changed: the answer to a page that asks every few seconds, from the metadata of files.

Imports nothing for root, because the time of this request is that of starting Python.
"""

from __future__ import annotations

import os

from mxverdict.host_paths import EXIM_MAINLOG, ROOT_VARIABLE, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mxverdict.whm.frame import Frame

_QUESTION = "view=poll&job="
_JOB_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_JOB_NAME_LIMIT = 40
_ROOT, _DELEGATED = "root", "delegated"
_ANSWER = (
    "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n\r\n"
)


def is_asked() -> bool:
    query = os.environ.get("QUERY_STRING", "")
    return query.startswith(_QUESTION) and os.environ.get("REQUEST_METHOD") == "GET"


def answer(asked: Frame | None = None) -> bool:
    """Answer the CGI's request on standard output and return True, when it is a poll that can be answered
    here.

    root is known by name; for others WHM has to be `asked`, and whether a job is theirs is checked elsewhere.
    """
    if not is_asked():
        return False
    query = os.environ["QUERY_STRING"]
    root, job = os.environ.get(ROOT_VARIABLE, "/"), query[len(_QUESTION) :]
    if os.environ.get("REMOTE_USER") == "root" and "WHM_API_TOKEN_NAME" not in os.environ:
        marks = version(root, job)
    elif asked is None:
        return False
    else:
        from mxverdict.web.http.csrf import opaque_marks  # while WHM answers

        if asked.level == _ROOT:
            marks = version(root, job)
        elif asked.level == _DELEGATED and query == _QUESTION:
            marks = version(root, job, opaque_marks(f"{root}/{STATE}"))
        else:
            return False
    try:
        os.write(1, (_ANSWER + marks).encode())
    except OSError:  # the browser has left
        pass
    return True


def version(root: str, job: str, opaque: Callable[[str], str] | None = None) -> str:
    """Return marks, separated by blanks: another one when the windows, Exim's log or the job of that name (""
    for none) may have changed. Unless `opaque` maps them, they hold time and size of each file."""
    state = f"{root}/{STATE}"
    names = [f"{state}/journal.sqlite", f"{root}/{EXIM_MAINLOG}"]
    if job and len(job) <= _JOB_NAME_LIMIT and _JOB_CHARACTERS.issuperset(job):
        names.append(f"{state}/jobs/{job}")
    marks = [_mark(name) for name in names]
    return " ".join(map(opaque, marks) if opaque else marks)


def _mark(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return "-"
    return f"{found.st_ino}.{found.st_mtime_ns}.{found.st_size}"
