"""Runs functions of Python modules as machine code, without the GIL.

The installation makes bitcode of them (`logdiag.grammar.bitcode`). The first run on a machine makes object
code of it for the processor, in half a second, and the cache keeps that. Loading it takes some milliseconds.
"""

import ctypes
import functools
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite.binding import orcjit

from logdiag.errors import EngineError
from logdiag.files import cache, resources
from logdiag.grammar.arguments import memory, symbol

_loading = threading.Lock()


class MachineCode:
    """A function of a module, marked there as compiled.

    It returns so many integers as ``results``.

    Raises:
        EngineError: the arguments have other types than the function was compiled for. Nothing checks the
            machine code's use of memory, so types are a part of the name that it is found by.

    """

    def __init__(self, module: str, name: str, results: int) -> None:
        self._module, self._name, self._results = module, name, results

    def __call__(self, *arguments: Any) -> list[int]:
        """Return what the function returns for the arguments."""
        with _loading:
            entry = _entry(self._module, symbol(self._name, arguments))
        words = memory(arguments)
        if entry(words):
            raise EngineError(f"{self._module}.{self._name}: an exception in machine code")
        return words[: self._results]


@functools.cache
def _entry(module: str, name: str) -> Callable[[Any], int]:
    try:
        found = _jit().lookup(_library(module).name, name)
    except RuntimeError as error:
        raise EngineError(f"{module} has no machine code of {name}") from error
    _in_use.append(found)
    return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(found[name])


_in_use: list[Any] = []
"""LLVM frees what Python no longer refers to."""


@functools.cache
def _library(module: str) -> Any:
    """Return a module's machine code in memory."""
    key = installed_file(module), _processor()
    name = f"code-{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"
    code = cache.kept(name)  # this user's logdiag wrote it: owner and digest are checked
    if code is None:
        code = _target_machine().emit_object(_bitcode(module))
        cache.keep(name, code)
    return orcjit.JITLibraryBuilder().add_object_img(code).add_current_process().link(_jit(), module)


def _bitcode(module: str) -> llvm.ModuleRef:
    """Return the bitcode that the installation made (``hatch_build.py``).

    Without it, or if the modules have changed, it is made here, which takes seconds.
    """
    with suppress(OSError, RuntimeError):
        return llvm.parse_bitcode((resources.folder("grammars") / installed_file(module)).read_bytes())
    from logdiag.grammar.bitcode import bitcode

    return llvm.parse_bitcode(bitcode(module))


@functools.cache
def _jit() -> orcjit.LLJIT:
    return orcjit.create_lljit_compiler(_target_machine())


@functools.cache
def _target_machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = _processor()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=cpu, features=features, opt=3, jit=True)


@functools.cache
def _processor() -> tuple[str, str]:
    """Return the names of this processor and its features."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@functools.cache
def installed_file(module: str) -> str:
    """Return the name of the file with a module's bitcode, which has a digest of all that this depends on.

    This includes all modules with machine code, as functions call each other across modules.
    """
    package = Path(__file__).parent.parent
    digest = hashlib.sha256(f"{llvmlite.__version__} {llvm.get_process_triple()}".encode())
    for folder in ("grammar", "records", "records/compiled"):
        for path in sorted((package / folder).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{module}-{digest.hexdigest()[:32]}.bitcode"
