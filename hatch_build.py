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

        Other versions of numba do not use the bitcode.
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

    Each function is compiled for the types of an empty log. The packages are not imported as such, because
    they import libraries that only a complete installation has.
    """
    import pickle
    from types import ModuleType

    import numpy as np

    for name in ("", ".files", ".grammar", ".records", ".records.compiled"):
        package = ModuleType(f"logdiag{name}")
        package.__path__ = [str(ROOT / f"logdiag{name}".replace(".", "/"))]
        sys.modules[package.__name__] = package
    from logdiag.grammar import machine_code

    found: dict[str, bytes] = {}

    class Collector(machine_code.MachineCodeCache):
        def load_overload(self, *_: Any) -> None:
            pass

        def save_overload(self, signature: Any, result: Any) -> None:
            parts = list(result._reduce())
            parts[0] = result.library.serialize_using_bitcode()
            parts[6] = ""  # the types of all variables, for people; it names the folder of the source
            found[self.key(signature)] = machine_code.dumps(tuple(parts))

    machine_code.MachineCodeCache = Collector
    from logdiag.grammar.kernel import scan
    from logdiag.records.compiled.buffers import NAMES, BufferPool, Wanted
    from logdiag.records.compiled.columns import count_at_most, write_columns
    from logdiag.records.compiled.strings import is_ascii, write_digests

    def zeros(kind: Any) -> Any:
        return np.zeros(1, kind)

    log = np.frombuffer(b"", np.uint8)
    roles, places = zeros(np.uint8), zeros(np.int32)
    tables = zeros(np.uint16), zeros(np.uint16), zeros(np.int32), zeros(np.uint16), zeros(np.bool_)
    out = BufferPool().columns(1, 1, 1, 1)
    scan(log, *tables, roles, roles, places)
    count_at_most(roles, 0)
    wanted = Wanted(False, False, False, False, (False,) * len(NAMES))
    write_columns(log, roles, places, 0, zeros(np.int64), wanted, out)
    write_digests(log, out.offset[:0], out.length[:0], np.uint64(0), np.zeros(0, np.uint64))
    is_ascii(log)
    (ROOT / "grammars" / machine_code.installed_file()).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    write_bitcode()
