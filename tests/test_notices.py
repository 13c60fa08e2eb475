"""NOTICES.md names every package that is installed with logdiag, with its licence."""

import re
from collections.abc import Iterator
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

FILE = Path(__file__).parent.parent / "NOTICES.md"
HEAD = """\
# Third-party notices

This repository and its wheel contain no third-party code. `pip install logdiag` also installs the packages in the first table,
each under its own licence (see `*.dist-info` in the environment). The extras of `logdiag[all]` also install those in the second
table. Development tools are not listed.
"""
_SHORT = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "bsd": "BSD",
    "bsd license": "BSD",
    "bsd-2-clause license": "BSD-2-Clause",
    "mit license": "MIT",
    "psf-2.0": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "isc license (iscl)": "ISC",
}


def brought(name: str, extras: frozenset[str]) -> Iterator[str]:
    """The packages that one requires, by their names as they are compared, with what those require."""
    seen: set[tuple[str, str]] = set()
    waiting = [(name, extra) for extra in ("", *sorted(extras))]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for line in requires(name) or ():
            one = Requirement(line)
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                waiting += [(canonical(one.name), more) for more in ("", *one.extras)]
    yield from {name for name, _ in seen} - {"logdiag"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(name: str) -> str:
    told = distribution(name).metadata
    if expression := told.get("License-Expression"):
        return expression
    classifiers = told.get_all("Classifier") or []
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ")]
    named = [one for one in named if one != "OSI Approved"] or [
        (told.get("License") or "").partition("\n")[0]
    ]
    return " and ".join(_SHORT.get(one.lower(), one) for one in named)


def table(names: set[str]) -> str:
    rows = "".join(f"| {distribution(name).metadata['Name']} | {licence(name)} |\n" for name in sorted(names))
    return f"\n| package | licence |\n| --- | --- |\n{rows}"


def test_every_package_that_is_brought_is_named(request: pytest.FixtureRequest) -> None:
    plain = set(brought("logdiag", frozenset()))
    more = set(brought("logdiag", frozenset({"all"}))) - plain
    told = HEAD + table(plain) + table(more)
    if request.config.getoption("--bless"):
        FILE.write_text(told, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == told
    assert not re.search(r"\| +\|", told), "a package that does not say under which licence it is"
