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


def required_packages(name: str, extras: frozenset[str]) -> Iterator[str]:
    """Yield the normalised names of all packages that a package requires, also indirectly."""
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
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = metadata.get_all("Classifier") or []
    licences = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ")]
    licences = [one for one in licences if one != "OSI Approved"] or [
        (metadata.get("License") or "").partition("\n")[0]
    ]
    return " and ".join(_SHORT.get(one.lower(), one) for one in licences)


def table(names: set[str]) -> str:
    rows = "".join(f"| {distribution(name).metadata['Name']} | {licence(name)} |\n" for name in sorted(names))
    return f"\n| package | licence |\n| --- | --- |\n{rows}"


def test_every_required_package_is_named(request: pytest.FixtureRequest) -> None:
    plain = set(required_packages("logdiag", frozenset()))
    more = set(required_packages("logdiag", frozenset({"all"}))) - plain
    expected = HEAD + table(plain) + table(more)
    if request.config.getoption("--bless"):
        FILE.write_text(expected, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == expected
    assert not re.search(r"\| +\|", expected), "a package without a licence in its metadata"
