"""Makes the machine it runs on a cPanel server, with the sandbox's stand-ins at their true paths.

Run on the machine as `python3 -IS cpanel.py`, below the clone of the repository.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = Path("/")
# Debian's Exim keeps its privileges with these alone: cPanel's has /etc/exim.conf compiled in.
_TRUSTED_CONFIGURATIONS = Path("/etc/exim4/trusted_configs")
_EXIM_AT_BOOT = """[Unit]
Description=Exim, started as cPanel does
After=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
ExecStart=/usr/local/cpanel/scripts/restartsrv_exim

[Install]
WantedBy=multi-user.target
"""


def main() -> None:
    from tests.sandbox import server_files
    from tests.sandbox.certificates import Authority
    from tests.sandbox.settings import Settings
    from tests.sandbox.whm import install

    settings = Settings()
    server_files.lay_out(ROOT)
    settings.save(ROOT)
    _TRUSTED_CONFIGURATIONS.write_text("/etc/exim.conf\n")
    authority = Authority(ROOT / "sandbox/ca")
    authority.create()
    install.install(ROOT)
    authority.issue("trusted", settings.host, ROOT / "etc/exim.crt", ROOT / "etc/exim.key")
    server_files.protect_key(ROOT)
    subprocess.run(["/usr/local/cpanel/scripts/buildeximconf"], check=True)
    Path("/etc/systemd/system/exim.service").write_text(_EXIM_AT_BOOT)
    subprocess.run(["systemctl", "enable", "--now", "exim.service"], check=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(REPOSITORY))
    main()
