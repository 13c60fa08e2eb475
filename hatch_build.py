"""Makes what an installation needs and the repository does not contain: catalogues and bitcode.

Both are made of sources in the repository, for wheels and for editable installations.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent


class InstallationHook(BuildHookInterface[Any]):
    """Compiles the catalogues, so that reading them needs no Babel, and the reader of logs."""

    def dependencies(self) -> list[str]:
        """Return what makes the files: the versions that are installed with the constraints.

        Bitcode of another version of LLVM is not used.
        """
        tools = ("babel", "llvmlite", "numba", "numpy", "platformdirs")
        pins = (ROOT / "constraints.txt").read_text().splitlines()
        return [pin for pin in pins if pin.partition("==")[0] in tools]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files; Git ignores them, and the wheel contains them."""
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for catalogue in sorted(ROOT.glob("reports/locale/*/LC_MESSAGES/logdiag.po")):
            with catalogue.open("rb") as source, catalogue.with_suffix(".mo").open("wb") as target:
                write_mo(target, read_po(source, locale=catalogue.parent.parent.name))
        for old in ROOT.glob("grammars/*.bitcode"):
            old.unlink()
        # Without bitcode, the first large log takes some seconds more. That is no reason not to install.
        command, environment = [sys.executable, __file__], {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
        if done.returncode:
            self.app.display_warning(f"no bitcode: {done.stderr.strip().splitlines()[-1]}")
        build_data["artifacts"] += ["*.bitcode", "*.mo"]


def write_bitcode() -> None:
    """Compile the reader of logs to LLVM's bitcode, which any processor of the same family can use.

    The packages are not imported as such: they import libraries that only a complete installation has.
    """
    from types import ModuleType

    for name in ("", ".files", ".grammar", ".records", ".records.compiled"):
        package = ModuleType(f"logdiag{name}")
        package.__path__ = [str(ROOT / f"logdiag{name}".replace(".", "/"))]
        sys.modules[package.__name__] = package
    from logdiag.grammar.bitcode import bitcode
    from logdiag.grammar.machine_code import installed_file

    for module in ("logdiag.grammar.kernel", "logdiag.records.compiled.columns"):
        (ROOT / "grammars" / installed_file(module)).write_bytes(bitcode(module))


if __name__ == "__main__":
    write_bitcode()
