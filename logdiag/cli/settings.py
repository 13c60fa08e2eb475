"""What a user has settled once: ``logdiag.toml``, whose values stand in for options that are not given.

An option counts before the environment (``LOGDIAG_…``), and that before the file. The file is the user's
own: the folder of the run is never looked into, since the evidence lies there, and whoever sent it could
have put a file of that name into it.
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

FILE = "logdiag.toml"


def place(environment: Mapping[str, str]) -> Path | None:
    """The file: what ``LOGDIAG_CONFIG`` names, or the one in the user's configuration folder.

    None where the variable is there and empty: no file is wanted.
    """
    if (named := environment.get("LOGDIAG_CONFIG")) is not None:
        return Path(named) if named else None
    import platformdirs

    return platformdirs.user_config_path("logdiag", appauthor=False) / FILE


def defaults(commands_of: Callable[[], Mapping[str, Mapping[str, str]]]) -> Defaults:
    """What the file says for each command, by the parameters that it has.

    Keys are named as the options are. Those at the top are for every command that has such an option;
    those in a table are for the command of that name. ``commands_of`` gives the options of each command
    with their parameters; a command of a group is named with it (``rules lint``).

    Raises:
        InputError: the file cannot be read, or names what there is not; all that is wrong at once.

    """
    path = place(os.environ)
    if path is None or not path.is_file():
        if path is not None and "LOGDIAG_CONFIG" in os.environ:
            raise InputError(f"{path}: there is no such file; LOGDIAG_CONFIG names it")
        return {}
    commands = commands_of()
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    everywhere = {_option(key): value for key, value in written.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in written.items() if isinstance(value, dict)}
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


def _option(key: str) -> str:
    return key.replace("_", "-")


def _unknown(path: Path, key: str, known: Collection[str], command: str = "") -> str:
    near = difflib.get_close_matches(key.strip("[]"), sorted(known), n=1)
    kind = "command" if key.startswith("[") else "option"
    of = f" of {command}" if command else ""
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"
    return f"{path}: {key}: there is no such {kind}{of}{hint}"
