"""As much of a cPanel server as switching the delay off and on again needs: settings, configuration, scripts.

Takes milliseconds to make; a daemon that only sleeps stands for Exim.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from mxverdict.host import Host
from mxverdict.whm.api import LocalWhmApi
from mxverdict.window.changes import delay_setting, exim_config

ON = "acl_delay_unknown_hosts=1"
OFF = "acl_delay_unknown_hosts=0"
_MARKS = "# BEGIN INSERT delay_unknown_hosts\\n# END INSERT delay_unknown_hosts\\n"
_BUILD = f"""#!/bin/sh
case "$1" in --localopts=*) exit 0;; esac
if grep -q '^{OFF}' ROOT/etc/exim.conf.localopts; then text=''; else text='{_MARKS * 3}'; fi
printf "$text" > ROOT/etc/exim.conf.new.$$ && mv ROOT/etc/exim.conf.new.$$ ROOT/etc/exim.conf
"""
_RESTART = "#!/bin/sh\ntouch ROOT/var/spool/exim/exim-daemon.pid\n"
_API = """#!/bin/sh
echo '{"metadata": {"result": 1}, "data": {}}'
"""
"""Says OK and does nothing, so that the one line is edited."""


class SmallServer:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.host = Host(root)
        self.plan: dict[str, Any] = {}

    def __enter__(self) -> SmallServer:
        host = self.host
        for folder in (host.state, host.exim_conf.parent, host.exim_pid_file.parent):
            folder.mkdir(parents=True)
        host.state.chmod(0o700)
        self.script(host.buildeximconf, _BUILD)
        self.script(host.restartsrv_exim, _RESTART)
        self.script(host.whmapi1, _API)
        host.localopts.write_text(f"{ON}\n")
        daemon = host.exim
        daemon.parent.mkdir(parents=True)
        shutil.copy("/bin/sleep", daemon)
        self._daemon = subprocess.Popen([str(daemon), "3600"])
        subprocess.run([str(host.buildeximconf)], check=True)
        host.exim_pid_file.write_text(f"{self._daemon.pid}\n")
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._daemon.kill()
        self._daemon.wait()

    def script(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("ROOT", str(self.root)))
        path.chmod(0o755)
        return path

    def switch_off(self) -> None:
        delay_setting.apply(self.host, LocalWhmApi(self.host), self._record)
        assert exim_config.stanzas(self.host) == 0

    def switch_back(self) -> None:
        delay_setting.revert(self.host, LocalWhmApi(self.host), self.plan)

    @property
    def is_on(self) -> bool:
        """Whether both the setting and the configuration in force say so."""
        return f"{ON}\n" in self.host.localopts.read_text() and exim_config.stanzas(self.host) == 3

    def _record(self, plan: dict[str, Any]) -> None:
        self.plan = plan
