"""Every error a user can meet. `str(error)` is one line; `hint` says what to do about it."""

from __future__ import annotations

from mxverdict.i18n.message import Message, join


class MxVerdictError(Exception):
    """Root of the tree. `exit_status` is what the command line returns for it."""

    hint: str = Message(
        "Run the command again; if it stays, send support this message and the file that "
        "`mxverdict check --save FILE` writes."
    )
    exit_status = 3
    public = False
    """Whether the text may be shown to those whom the server does not belong to: it says nothing of its
    files, its settings and what its commands print."""


class UsageError(MxVerdictError):
    """The request itself is wrong; nothing was read or changed."""

    hint = Message("See `mxverdict --help`.")
    exit_status = 2
    public = True


class InstallationBroken(MxVerdictError):
    """Python or a package is no longer what install.sh found and installed."""

    hint = Message("Run install.sh again.")


class KeeperFailed(MxVerdictError):
    """The keeper could not start, or broke off, the last time it was due."""

    hint = Message("Run install.sh again.")

    def __init__(self, moment: str, reason: str) -> None:
        super().__init__(
            Message(
                "the keeper, which closes test windows, could not run at {time}: {reason}",
                time=moment,
                reason=reason,
            )
        )


class HostError(MxVerdictError):
    """The server lacks something or a command on it did not do its work."""


class CommandNotFoundError(HostError):
    hint = Message("Is this a cPanel server, and are you root on it?")

    def __init__(self, command: str) -> None:
        super().__init__(Message("{command} is not there or cannot be run", command=command))


class CommandTimeout(HostError):
    hint = Message("The server is busy or a DNS look-up hangs. Try again in a minute.")

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(
            Message("{command} did not finish within {seconds} s", command=command, seconds=f"{seconds:g}")
        )


class CommandFailed(HostError):
    def __init__(self, command: str, status: int, output: str) -> None:
        self.status = status
        self.output = output
        lines = output.strip().splitlines()
        ended = Message("{command} ended with status {status}", command=command, status=status)
        super().__init__(join([ended, *lines[-1:]], ": "))


class NoLocalTargetError(HostError):
    """Nothing of what was asked about is this server's."""

    hint = Message("Name a domain whose mail comes to this server, or one of the server's own addresses.")


class WhmError(MxVerdictError):
    """WHM API 1 could not answer."""


class WhmApiError(WhmError):
    """WHM answered and said no (`metadata.result` is 0)."""

    def __init__(self, function: str, reason: str) -> None:
        self.function = function
        self.reason = reason
        super().__init__(Message("WHM refused {function}: {reason}", function=function, reason=reason))


class WhmUnreachable(WhmError):
    hint = Message("Check that cpsrvd runs (`/usr/local/cpanel/scripts/restartsrv_cpsrvd`), then try again.")

    def __init__(self, function: str, reason: str) -> None:
        self.function = function
        super().__init__(Message("WHM did not answer {function}: {reason}", function=function, reason=reason))


class WhmForbidden(WhmError):
    hint = Message("Use a root-level account or token.")

    def __init__(self, function: str, reason: str) -> None:
        self.function = function
        super().__init__(Message("WHM does not allow {function}: {reason}", function=function, reason=reason))


class AddressRefused(MxVerdictError):
    """DNS does not confirm that an address is a tester's."""

    hint = Message("If you know better, add it with --force and a --reason.")
    exit_status = 2


class WindowError(MxVerdictError):
    """A test window could not be opened, extended or closed."""


class WindowRefused(WindowError):
    """The request breaks a rule of test windows; nothing was changed."""

    hint = Message("See `mxverdict window list`.")
    exit_status = 2
    public = True


class WindowLockedError(WindowError):
    hint = Message("Try again in a minute.")
    public = True


class JournalError(WindowError):
    hint = Message("Look at the free disk space and at the journal in /var/lib/mxverdict, then try again.")


class JournalCorruptError(JournalError):
    """What the file holds is not what was written."""

    hint = Message(
        "The keeper restores the journal from its copy. If there is no sound copy: see in "
        "/var/lib/mxverdict/audit.jsonl which windows were open, undo by hand what they changed, "
        "then move journal.sqlite and journal.copy.sqlite away."
    )


class JournalNewerError(JournalError):
    """A later version of this program has written the journal: it is read, and never changed."""

    hint = Message("Install that version of MX Verdict again: run its install.sh.")


class WindowOpenError(WindowError):
    """Opening failed and everything it had changed was reverted."""


class WindowCloseError(WindowError):
    hint = Message("The keeper tries again by itself until it succeeds.")
    exit_status = 4
