"""Make sure that the browser tests have a Chromium: use the one that is there, or install Debian's."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Install a browser if there is none; of two that are started, the second waits for the first."""
    lock = Path(__file__).open()  # noqa: SIM115 - held until this process ends
    fcntl.flock(lock, fcntl.LOCK_EX)
    if shutil.which("chromium"):
        return 0
    if not shutil.which("apt-get"):
        print(
            "The browser tests need a command `chromium`: install Chromium and run this again.",
            file=sys.stderr,
        )
        return 1
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
    ):
        subprocess.run([*sudo, *command], check=True, env=environment, stdout=subprocess.DEVNULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
