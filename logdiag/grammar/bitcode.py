"""Compiles Python functions to LLVM's bitcode, which `logdiag.grammar.machine_code` runs.

Only this module imports numba (a test checks it), and only to compile. Numba must not read
``.numba_config.yaml`` in the current folder: that often contains the evidence, and the file can overwrite any
file and import any module (numba.core.config, ``_EnvReloader.update``).
"""

# Numba types the functions for its users, and not its compiler.
# mypy: disable-error-code="no-untyped-call"

import importlib
import importlib.abc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from logdiag.errors import EngineError
from logdiag.grammar.arguments import RESULTS, symbol

_CONFIG_MODULE = "numba.core.config"
_CONFIG_FILE = ".numba_config.yaml"


class _ConfigLoader(SourceFileLoader):
    """Loads numba's settings module with another name of its settings file.

    The module reads the file while it is imported, and again before each compilation. The name is a constant
    of the module's code, so changing it works for both.
    """

    def get_code(self, fullname: str) -> CodeType | None:
        code = super().get_code(fullname)
        if code is None:
            return None
        constants = (os.devnull if one == _CONFIG_FILE else one for one in code.co_consts)
        return code.replace(co_consts=tuple(constants))


class _ConfigFinder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _CONFIG_MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _ConfigLoader(spec.loader.name, spec.loader.path)
        return spec


@contextmanager
def _without_config_file() -> Iterator[None]:
    finder = _ConfigFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


with _without_config_file():
    import llvmlite.binding as llvm
    import numba
    from llvmlite import ir
    from numba import types
    from numba.core import config
    from numba.extending import intrinsic

if config._config_fname == _CONFIG_FILE:
    # A caller of the library had imported numba before: drop what the file set.
    config._config_fname = os.devnull
    config.reload_config()
elif config._config_fname != os.devnull:
    raise EngineError(f"numba {numba.__version__} reads settings from {config._config_fname}: use numba 0.68")

__all__ = ["bitcode", "compiled", "inlined", "inner", "intrinsic", "ir", "nth", "types"]

nth = np.uint64
"""An index into an array. Signed indices are checked each time for whether they count from the end."""

_Function = Callable[..., Any]

_entries: dict[str, list[tuple[_Function, tuple[Any, ...]]]] = {}
"""The functions of each module that Python calls, with arguments of their types."""


def compiled(*arguments: Any) -> Callable[[_Function], _Function]:
    """Mark a function that Python calls, with arguments of its types. Indices are not checked.

    It returns integers of 64 bits, and makes no arrays: the caller owns all memory. So numba need not count
    references, which would take longer than most work on a few bytes.
    """

    def mark(function: _Function) -> _Function:
        _entries.setdefault(function.__module__, []).append((function, arguments))
        return function

    return mark


def inner(function: _Function, **how: Any) -> _Function:
    """Compile a function that only other machine code calls.

    All of its integers are signed and have 64 bits: numba would compile it again for each other type, which
    took half of the time of the first run.
    """
    dispatcher = _dispatcher(function, **how)
    template = dispatcher.get_call_template

    def with_one_integer_type(arguments: Sequence[Any], named: Any) -> Any:
        return template([types.int64 if isinstance(one, types.Integer) else one for one in arguments], named)

    dispatcher.get_call_template = with_one_integer_type
    found: _Function = dispatcher
    return found


def inlined(function: _Function) -> _Function:
    """Compile an inner function that has one caller or is shorter than a call.

    LLVM inlines it. If numba did, it would infer the types of each copy, which takes seconds.
    """
    return inner(function, forceinline=True)


def _dispatcher(function: _Function, **how: Any) -> Any:
    make: Any = numba.njit  # its types know no ``_nrt``
    return make(**how, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)(function)


def bitcode(module: str) -> bytes:
    """Return the bitcode of a module: its functions `compiled`, and what they call."""
    importlib.import_module(module)
    entries = ir.Module(module)
    parts = []
    names = set()
    for function, arguments in _entries[module]:
        dispatcher, kinds = _dispatcher(function), tuple(map(numba.typeof, arguments))
        dispatcher.compile(kinds)
        found = dispatcher.overloads[kinds]
        parts.append(found.library.serialize_using_bitcode()[2])
        name = symbol(function.__name__, arguments)
        names.add(name)
        _add_entry(entries, name, found)
    whole = llvm.parse_assembly(str(entries))
    for part in parts:
        whole.link_in(llvm.parse_bitcode(part))
    for one in whole.functions:
        if not one.is_declaration and one.name not in names:
            one.linkage = "internal"
    _drop_unused(whole)
    code: bytes = whole.as_bitcode()
    return code


def _add_entry(module: ir.Module, name: str, found: Any) -> None:
    """Add a function that takes all arguments as words in memory, and calls a compiled function.

    Numba's functions take a pointer to the results, one to a description of an exception, and the parts of
    each argument, arrays and tuples too (numba.core.callconv, ``CPUCallConv``; numba.core.datamodel).
    """
    results = found.signature.return_type
    if not isinstance(results, types.NoneType) and any(one != types.int64 for one in results):
        raise EngineError(f"{name} returns {results}, and not integers")
    kind = found.target_context.call_conv.get_function_type(results, found.signature.args)
    function = ir.Function(module, kind, found.fndesc.llvm_func_name)
    word, number = ir.IntType(64), ir.IntType(32)
    entry = ir.Function(module, ir.FunctionType(number, [word.as_pointer()]), name)
    [words] = entry.args
    builder = ir.IRBuilder(entry.append_basic_block())
    arguments = [builder.bitcast(words, kind.args[0]), builder.alloca(kind.args[1].pointee)]
    for place, part in enumerate(kind.args[2:], RESULTS):
        value = builder.load(builder.gep(words, [number(place)]))
        is_pointer = isinstance(part, ir.PointerType)
        arguments.append(builder.inttoptr(value, part) if is_pointer else builder.trunc(value, part))
    builder.ret(builder.call(function, arguments))


def _drop_unused(module: Any) -> None:
    target = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine()
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options()))
