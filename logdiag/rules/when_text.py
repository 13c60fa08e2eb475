"""Conditions of procedures and steps as sentences for readers who have no evidence."""

import re
from collections.abc import Iterable, Mapping

from logdiag.i18n import N_, gettext
from logdiag.i18n.sentences import listed
from logdiag.rules.checking import PLACEHOLDER
from logdiag.rules.schema import Rule, When

_CHOICES: dict[str, dict[str, str]] = {
    "topology": {
        "single": N_("the input is from a single node"),
        "cluster": N_("the inputs are from a cluster"),
        "unknown": N_("it is not known whether there is a cluster"),
    },
    "unaffected": {
        "some": N_("there is a peer that does not report it"),
        "none": N_("no peer is known that does not report it"),
    },
    "state": {
        "open": N_("it is still open"),
        "open_at_end": N_("it was open when the log ended"),
        "closed": N_("it is over"),
        "unknown": N_("its end is not known"),
        "seen": N_("it was seen and has no end"),
    },
    "peers": {
        "none": N_("no other peer is named"),
        "one": N_("one other peer is named"),
        "several": N_("several other peers are named"),
    },
    "mutual": {
        "True": N_("the peers report it of each other"),
        "False": N_("the peers do not report it of each other"),
    },
    "role": {
        "primary": N_("the configuration primary reports it"),
        "subordinate": N_("only subordinates report it"),
        "unknown": N_("it is not known whether the configuration primary reports it"),
    },
    "about": {
        "primary": N_("it is about the configuration primary"),
        "subordinate": N_("it is only about subordinates"),
        "unknown": N_("it is not known whether it is about the configuration primary"),
    },
    "way": {
        "whole": N_("all peers reach each other"),
        "broken": N_("some peers do not reach each other"),
    },
}
"""What each value of a line means."""

_OF_RULES = {
    "finding": N_("{rules} is part of the problem"),
    "without": N_("{rules} is no part of the problem"),
    "fires": N_("{rules} was found in the cluster"),
    "silent": N_("{rules} was not found in the cluster"),
    "goes_on": N_("{rules} may still be open"),
    "over": N_("{rules} is not open"),
}
"""What a line that names rules means."""

_OF_VERSIONS = {
    ">=": N_("the software version is {version} or later"),
    ">": N_("the software version is later than {version}"),
    "<=": N_("the software version is {version} or earlier"),
    "<": N_("the software version is earlier than {version}"),
    "": N_("the software version is {version}"),
}


def describe(when: When, lines: Iterable[str], rules: Mapping[str, Rule]) -> str:
    """Return some lines of a condition as one sentence, which names rules by their titles and ids."""
    said = []
    for line in lines:
        value = getattr(when, line)
        if value == When.model_fields[line].default or line == "values":
            continue
        values = value if isinstance(value, list) else [str(value)]
        if line in _OF_RULES:
            named = either(_named(rule, rules) for rule in values)
            said.append(gettext(_OF_RULES[line]).format(rules=named))
        elif line == "version":
            said.append(either(_version(spec) for spec in values))
        else:
            said.append(either(gettext(_CHOICES[line][one]) for one in values))
        # Values are words of rules, such as the reason of a refusal, and say which finding is meant.
        if line == "finding" and when.values:
            said[-1] += f" ({', '.join(when.values.values())})"
    return listed(said)


def either(texts: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    *first, last = texts
    if not first:
        return last
    return gettext("{texts} or {last}").format(texts=", ".join(first), last=last)


def _named(rule: str, rules: Mapping[str, Rule]) -> str:
    """``"The database of … failed" (database/failure)``; without a title that has more than names, the id."""
    title = re.sub(r"(: …)?$", "", PLACEHOLDER.sub("…", rules[rule].title)) if rule in rules else ""
    if len(re.findall(r"\w+", title)) > 2:
        return f'"{title}" ({rule})'
    return gettext("a finding of {rule}").format(rule=rule)


def _version(spec: str) -> str:
    sign = next(sign for sign in _OF_VERSIONS if spec.startswith(sign))
    return gettext(_OF_VERSIONS[sign]).format(version=spec.removeprefix(sign).removeprefix("=").strip())
