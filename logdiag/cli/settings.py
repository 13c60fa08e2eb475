"""The user's settings file ``logdiag.toml``, which has defaults for options.

An option wins over the environment (``LOGDIAG_…``), and that over the file. The file is in the user's home,
never in the current folder: the evidence is often there, and its sender could have added such a file.
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from logdiag.errors import InputError

Defaults = dict[str, Any]
"""Values by command and parameter, as Click's ``default_map`` takes them."""


def defaults(commands_of: Callable[[], Mapping[str, Mapping[str, str]]]) -> Defaults:
    """Return the defaults that the file has for each command, by the parameters of the command.

    Keys are named as the options are. Those at the top are for every command that has such an option;
    those in a table are for the command of that name. ``commands_of`` returns the options of each command
    with their parameters; a command of a group is named with it (``rules lint``).

    Raises:
        InputError: the file cannot be read, or has unknown names; everything that is wrong at once.

    """
    path = _path()
    if path is None:
        return {}
    commands = commands_of()
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    everywhere = {_option(key): value for key, value in settings.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    # A key at the top of the file is right if any command has the option.
    known = frozenset().union(*commands.values())
    wrong = [_unknown(path, key, known) for key in everywhere if key not in known]
    wrong += [_unknown(path, f"[{key}]", commands) for key in tables if key not in commands]
    found: Defaults = {}
    for command, options in commands.items():
        own = {_option(key): value for key, value in tables.get(command, {}).items()}
        wrong += [_unknown(path, key, options, command) for key in own if key not in options]
        *groups, name = command.split()
        within = found
        for group in groups:
            within = within.setdefault(group, {})
        within[name] = {options[key]: value for key, value in (everywhere | own).items() if key in options}
    if wrong:
        raise InputError(*wrong)
    return found


def _path() -> Path | None:
    """Return the settings file if there is one; an empty ``LOGDIAG_CONFIG`` means that none is wanted."""
    if (named := os.environ.get("LOGDIAG_CONFIG")) is not None:
        if named and not Path(named).is_file():
            raise InputError(f"{named}: there is no such file; LOGDIAG_CONFIG names it")
        return Path(named) if named else None
    import platformdirs

    path = platformdirs.user_config_path("logdiag", appauthor=False) / "logdiag.toml"
    return path if path.is_file() else None


def _option(key: str) -> str:
    return key.replace("_", "-")


def _unknown(path: Path, key: str, known: Collection[str], command: str = "") -> str:
    near = difflib.get_close_matches(key.strip("[]"), sorted(known), n=1)
    kind = "command" if key.startswith("[") else "option"
    of = f" of {command}" if command else ""
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"
    return f"{path}: {key}: there is no such {kind}{of}{hint}"
