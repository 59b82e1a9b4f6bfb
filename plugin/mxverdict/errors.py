"""Every error a user can meet. `str(error)` is one line; `advice` says what to do about it."""

from __future__ import annotations


class MxVerdictError(Exception):
    """Root of the tree. `exit_status` is what the command line returns for it."""

    advice = (
        "Run the command again; if it stays, send support this message and the file that "
        "`mxverdict check --save FILE` writes."
    )
    exit_status = 3


class UsageError(MxVerdictError):
    """The request itself is wrong; nothing was read or changed."""

    advice = "See `mxverdict --help`."
    exit_status = 2


class HostError(MxVerdictError):
    """The server lacks something or a command on it did not do its work."""


class CommandMissing(HostError):
    advice = "Is this a cPanel server, and are you root on it?"

    def __init__(self, command: str) -> None:
        super().__init__(f"{command} is not there or cannot be run")


class CommandTimeout(HostError):
    advice = "The server is busy or a DNS look-up hangs. Try again in a minute."

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(f"{command} did not finish within {seconds:g} s")


class CommandFailed(HostError):
    def __init__(self, command: str, status: int, output: str) -> None:
        self.status = status
        self.output = output
        lines = output.strip().splitlines()
        super().__init__(f"{command} ended with status {status}" + (f": {lines[-1]}" if lines else ""))


class WhmError(MxVerdictError):
    """WHM API 1 could not answer."""


class WhmApiError(WhmError):
    """WHM answered and said no (`metadata.result` is 0)."""

    def __init__(self, function: str, reason: str) -> None:
        self.function = function
        self.reason = reason
        super().__init__(f"WHM refused {function}: {reason}")


class WhmUnreachable(WhmError):
    advice = "Check that cpsrvd runs (`/usr/local/cpanel/scripts/restartsrv_cpsrvd`), then try again."

    def __init__(self, function: str, reason: str) -> None:
        self.function = function
        super().__init__(f"WHM did not answer {function}: {reason}")


class WhmForbidden(WhmError):
    advice = "Use a root-level account or token."

    def __init__(self, function: str, reason: str) -> None:
        self.function = function
        super().__init__(f"WHM does not allow {function}: {reason}")


class AddressRefused(MxVerdictError):
    """DNS does not confirm that an address is a tester's."""

    advice = "If you know better, add it with --force and a --reason."
    exit_status = 2


class WindowError(MxVerdictError):
    """A test window could not be opened, extended or closed."""


class WindowRefused(WindowError):
    """The request breaks a rule of test windows; nothing was changed."""

    advice = "See `mxverdict window list`."
    exit_status = 2


class WindowBusy(WindowError):
    advice = "Try again in a minute."


class JournalError(WindowError):
    advice = "Look at the free disk space and at the journal in /var/lib/mxverdict, then try again."


class JournalDamaged(JournalError):
    """What the file holds is not what was written."""

    advice = (
        "The keeper restores the journal from its copy. If there is no sound copy: see in "
        "/var/lib/mxverdict/audit.jsonl which windows were open, undo by hand what they changed, "
        "then move journal.sqlite and journal.copy.sqlite away."
    )


class OpenFailed(WindowError):
    """Opening failed and everything it had changed was put back."""


class CloseFailed(WindowError):
    advice = "The keeper tries again by itself until it succeeds."
    exit_status = 4
