"""Starts a program of the package: `start.py command ARGUMENT …` or `start.py page`.

Understood by any Python 3: an older one, or a package with files missing, has to be said in one line, too.
"""

import os
import sys

_OLDEST = (3, 9)
_CANNOT = "MX Verdict is damaged, or Python has changed: %s. Run install.sh again."
_HEADERS = (
    "Status: 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n"
)


def main():
    program = sys.argv.pop(1)
    sys.path.insert(0, os.path.realpath("/opt/mxverdict/plugin"))
    try:
        if sys.version_info < _OLDEST:
            raise ImportError(f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old")
        if program == "page":
            from mxverdict.web.entry import main as page

            return page()
        from mxverdict.cli.main import main as command
    except Exception as error:
        cannot = _CANNOT % " ".join(str(error).split())
        if isinstance(error, MemoryError):
            cannot = "There is not enough memory. Free some, or raise the limit (ulimit -v), and try again."
        if program == "page":
            sys.stdout.write(_HEADERS + cannot + "\n")
            return 0
        sys.stderr.write("mxverdict: " + cannot + "\n")
        return 3
    return command()


if __name__ == "__main__":
    sys.exit(main())
