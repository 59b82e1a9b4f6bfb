"""Has anything changed? The answer to a page that asks every few seconds, from the files' own marks.

Imports nothing, because the time of this request is that of starting Python.
"""

from __future__ import annotations

import os

from mxverdict.root import EXIM_MAINLOG, ROOT_VARIABLE, STATE

_QUESTION = "view=poll&job="
_JOB_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST = 40
_ROOT, _DELEGATED = "root", "delegated"
_ANSWER = (
    "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n\r\n"
)


def is_asked() -> bool:
    query = os.environ.get("QUERY_STRING", "")
    return query.startswith(_QUESTION) and os.environ.get("REQUEST_METHOD") == "GET"


def answer(level: str = "") -> bool:
    """Answer the CGI's request on standard output and say True, when it is a poll that needs no more asking.

    root is known by name; for others `level` (`Frame.level`) has to be told, and whether a job is theirs is
    asked for elsewhere.
    """
    if not is_asked():
        return False
    query = os.environ["QUERY_STRING"]
    is_root = os.environ.get("REMOTE_USER") == "root" and "WHM_API_TOKEN_NAME" not in os.environ
    if not (is_root or level == _ROOT or (level == _DELEGATED and query == _QUESTION)):
        return False
    told = version(os.environ.get(ROOT_VARIABLE, "/"), query[len(_QUESTION) :])
    try:
        os.write(1, (_ANSWER + told).encode())
    except OSError:  # the browser has left
        pass
    return True


def version(root: str, job: str) -> str:
    """Marks by a blank between: another one when the windows, Exim's log or the job of that name ("" for
    none) may have changed."""
    state = f"{root}/{STATE}"
    names = [f"{state}/journal.sqlite", f"{root}/{EXIM_MAINLOG}"]
    if job and len(job) <= _LONGEST and _JOB_CHARACTERS.issuperset(job):
        names.append(f"{state}/jobs/{job}")
    return " ".join(map(_mark, names))


def _mark(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return "-"
    return f"{found.st_ino}.{found.st_mtime_ns}.{found.st_size}"
