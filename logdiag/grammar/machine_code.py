"""Compiles Python functions to machine code that runs without the GIL, once on a machine.

Only this module imports numba (a test checks it): numba must not read ``.numba_config.yaml`` in the current
folder. The current folder often contains the evidence, and that file can overwrite any file and import any
module (numba.core.config, ``_EnvReloader.update``).
"""

# Numba types the functions for its users, and not those for caches.
# mypy: disable-error-code="no-untyped-call"

import functools
import hashlib
import importlib.abc
import os
import pickle
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from logdiag.errors import EngineError
from logdiag.files import cache, resources

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
    import llvmlite.binding
    import numba
    from llvmlite import ir
    from numba import types
    from numba.core import config
    from numba.core.compiler import CompileResult
    from numba.core.serialize import dumps
    from numba.extending import intrinsic

if config._config_fname == _CONFIG_FILE:
    # A caller of the library had imported numba before: drop what the file set.
    config._config_fname = os.devnull
    config.reload_config()
elif config._config_fname != os.devnull:
    raise EngineError(f"numba {numba.__version__} reads settings from {config._config_fname}: use numba 0.68")

__all__ = ["compiled", "inlined", "inner", "intrinsic", "ir", "nth", "types"]

nth = np.uint64
"""An index into an array. Signed indices are checked each time for whether they count from the end."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as machine code, cached if possible. Indices are not checked.

    The function must not make arrays: the caller owns all memory. So numba need not count references, which
    would take longer than most work on a few bytes.
    """
    dispatcher = _dispatcher(function)
    dispatcher._cache = MachineCodeCache(function)
    found: Callable[..., Any] = dispatcher
    return found


def inner(function: Callable[..., Any], **how: Any) -> Callable[..., Any]:
    """Compile a function that only other machine code calls.

    All of its integers are signed and have 64 bits: numba would compile it again for each other type, which
    took half of the time of the first run.
    """
    dispatcher = _dispatcher(function, no_cpython_wrapper=True, **how)
    template = dispatcher.get_call_template

    def with_one_integer_type(arguments: Sequence[Any], named: Any) -> Any:
        return template([types.int64 if isinstance(one, types.Integer) else one for one in arguments], named)

    dispatcher.get_call_template = with_one_integer_type
    found: Callable[..., Any] = dispatcher
    return found


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an inner function that has one caller or is shorter than a call.

    LLVM inlines it. If numba did, it would infer the types of each copy, which takes seconds.
    """
    return inner(function, forceinline=True)


def _dispatcher(function: Callable[..., Any], **how: Any) -> Any:
    make: Any = numba.njit  # its types know no ``_nrt``
    return make(**how, nogil=True, no_cfunc_wrapper=True, _nrt=False)(function)


class MachineCodeCache:
    """The cache of one function: numba's interface (``numba.core.caching``) for `logdiag.files.cache`.

    Numba's own cache unpickles what other users wrote, fails on a cut file, and does not notice that a
    function of another module has changed.
    """

    cache_path = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = f"{function.__module__}.{function.__qualname__}"

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return the machine code for a signature; None if nothing usable is cached or installed."""
        codegen = target_context.codegen()
        # This user's logdiag wrote these bytes: `cache.kept` checks owner and digest.
        if (body := cache.kept(self._file(signature, codegen))) is not None:
            with suppress(Exception):  # of any kind: the function is then compiled again
                return CompileResult._rebuild(target_context, *pickle.loads(body))  # noqa: S301
        if (body := _installed().get(self.key(signature))) is not None:
            with suppress(Exception), _kept_as_objects(codegen):
                result = CompileResult._rebuild(target_context, *pickle.loads(body))  # noqa: S301
                self.save_overload(signature, result)
                return result
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep the machine code for a signature."""
        cache.keep(self._file(signature, result.codegen), dumps(result._reduce()))

    def flush(self) -> None:
        """Do nothing: a later save replaces the file."""

    enable = disable = flush

    def key(self, signature: Any) -> str:
        """Return a name for the function with a signature, the same on every machine."""
        return f"{self._function} {signature!r}"

    def _file(self, signature: Any, codegen: Any) -> str:
        key = (installed_file(), self.key(signature), codegen.magic_tuple())
        return f"code-{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"


@contextmanager
def _kept_as_objects(codegen: Any) -> Iterator[None]:
    """Let numba keep the object code that it makes of bitcode, so that `cache` can keep it."""
    create = codegen.create_library

    def create_caching(name: str) -> Any:
        library = create(name)
        library.enable_object_caching()
        return library

    codegen.create_library = create_caching
    try:
        yield
    finally:
        del codegen.create_library


@functools.cache
def _installed() -> dict[str, bytes]:
    """Return LLVM's bitcode of functions, which the installation made: to compile that takes 0.5 s, not 8.

    ``hatch_build.py`` makes the file. Without it, or if the modules have changed, all is compiled here.
    """
    with suppress(OSError, pickle.UnpicklingError, EOFError):
        # The file is a part of the installation, as the modules are.
        body = (resources.folder("grammars") / installed_file()).read_bytes()
        found: dict[str, bytes] = pickle.loads(body)  # noqa: S301
        return found
    return {}


@functools.cache
def installed_file() -> str:
    """Return the name of the file with bitcode, which has a digest of all that the bitcode depends on.

    This includes all modules with machine code, as functions call each other across modules.
    """
    package = Path(__file__).parent.parent
    python = ".".join(platform.python_version_tuple()[:2])
    versions = f"{numba.__version__} {python} {llvmlite.binding.get_process_triple()}"
    digest = hashlib.sha256(versions.encode())
    for folder in ("grammar", "records", "records/compiled"):
        for path in sorted((package / folder).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{digest.hexdigest()[:32]}.bitcode"
