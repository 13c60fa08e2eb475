"""Redact a diagnosis: each of its texts, depending on the field that contains it."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from logdiag.model import Command, Diagnosis, Finding, Incident, Verdict
from logdiag.redaction.redactor import Redactor
from logdiag.redaction.vocabulary import product_words

Role = Literal["text", "prose", "kept", "host", "cluster", "user", "id", "value"]

_BY_ROLE: dict[Role, str] = {
    "kept": (
        "severity state basis risk role kind rule capped language library Tool.version Command.name"
        " Citation.title Citation.section Citation.url Citation.id"
    ),
    "prose": (
        "headline detail title summary explanation outcome Wanted.what reason nearest_miss"
        " do why verify impact wait avoid"
    ),
    "host": ("Peer.name Peer.fqdn hosts peer where Finding.peers Incident.peers Stranger.name seen_by"),
    "cluster": "Peer.cluster",
    "user": "Change.who",
    "id": "fingerprint id Incident.findings caused_by",
    "value": "values",
}
_ROLES: dict[str, Role] = {field: role for role, fields in _BY_ROLE.items() for field in fields.split()}
"""The role of a field, by its name or by its class and name; all others are texts."""

_OF_PEOPLE = ("customer", "author")
"""Options that name people and companies."""
_OF_HOSTS = "the cluster of "
TextChange = Callable[[str, Role], str]


def redacted(diagnosis: Diagnosis) -> tuple[Diagnosis, Redactor]:
    """Return the diagnosis with pseudonyms, and the redactor, for texts about the diagnosis.

    Pseudonyms are numbered in the order of the findings file: the same diagnosis gives the same ones.
    """
    redactor = Redactor()
    # Literals that are known from the end of a diagnosis are found at its beginning in the second round.
    for _ in range(2):
        seen: set[tuple[str, Role]] = set()
        _map_texts(diagnosis, "text", partial(_learn, redactor, seen))
        redactor.know()
    new: Diagnosis = _DiagnosisRedactor(diagnosis, redactor).redact()
    # Customer and author are not in the logs, so no pseudonym can replace them: they are left out.
    options = {name: value for name, value in new.command.options.items() if name not in _OF_PEOPLE}
    command = Command(new.command.name, {**options, "redact": "yes"})
    return dataclasses.replace(new, command=command), redactor


def _map_texts(
    value: Any, role: Role, change: TextChange, within: Callable[[Any], TextChange] | None = None
) -> Any:
    """Return a value with all of its texts changed; ``within`` returns the change for an object's texts."""
    if isinstance(value, str):
        return change(value, role)
    if isinstance(value, tuple):
        return tuple(_map_texts(item, role, change, within) for item in value)
    if isinstance(value, dict):
        keys: Role = "kept" if role == "value" else "text"
        return {change(key, keys): _map_texts(item, role, change, within) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        change = within(value) if within is not None else change
        fields = [field.name for field in dataclasses.fields(value)]
        new = {name: _map_texts(getattr(value, name), _role(value, name), change, within) for name in fields}
        return dataclasses.replace(value, **new)
    return value


def _role(noun: object, field: str) -> Role:
    return _ROLES.get(f"{type(noun).__name__}.{field}", _ROLES.get(field, "text"))


def _learn(redactor: Redactor, seen: set[tuple[str, Role]], text: str, role: Role) -> str:
    if (text, role) in seen:
        return text
    seen.add((text, role))
    match role:
        case "text" | "prose" | "value":
            redactor.learn(text)
        case "id":
            redactor.learn_literal(text.partition("@")[0], "id")
        case "cluster" if text.startswith(_OF_HOSTS):
            redactor.learn_literal(text.removeprefix(_OF_HOSTS), "host")
        case "host" | "user" | "cluster":
            redactor.learn_literal(text, role)
    return text


class _DiagnosisRedactor:
    """Replaces the literals of a diagnosis.

    A peer whose name is a word of the product as well (``edge``) is replaced in every sentence. So is
    such a user (``admin``), but only in sentences about a finding that has bound the name.
    """

    def __init__(self, diagnosis: Diagnosis, redactor: Redactor) -> None:
        self._diagnosis, self._redactor = diagnosis, redactor
        self._findings = {finding.id: finding for finding in diagnosis.findings}
        self._peers = {peer.name for peer in diagnosis.cluster.peers}

    def redact(self) -> Any:
        return _map_texts(self._diagnosis, "text", self._change(()), self._within)

    def _within(self, noun: Any) -> TextChange:
        words = product_words()
        return self._change(tuple(sorted(name for name in self._names(noun) if name in words)))

    def _names(self, noun: Any) -> set[str]:
        match noun:
            case Finding():
                kinds = ("host", "user")
                bound = {value for value in noun.values.values() if self._redactor.kind(value) in kinds}
                return {*self._peers, *noun.hosts, *noun.peers, *bound}
            case Incident():
                findings = (self._findings[id_] for id_ in noun.findings if id_ in self._findings)
                return self._peers.union(noun.peers, *map(self._names, findings))
            case Verdict() if self._diagnosis.incidents:
                return self._names(self._diagnosis.incidents[0])
        return self._peers

    def _change(self, names: tuple[str, ...]) -> TextChange:
        redactor = self._redactor

        def change(text: str, role: Role) -> str:
            match role:
                case "kept":
                    return text
                case "prose":
                    return redactor.text(text, names)
                case "id":
                    fingerprint, at, when = text.partition("@")
                    return redactor.literal(fingerprint, "id").text + at + when
                case "cluster" if text.startswith(_OF_HOSTS):
                    return _OF_HOSTS + redactor.literal(text.removeprefix(_OF_HOSTS), "host").text
                case "host" | "cluster" | "user":
                    return redactor.literal(text, role).text
                case "value" if redactor.kind(text) in ("host", "user"):
                    return redactor.literal(text, "host").text
            return redactor.text(text)

        return change
