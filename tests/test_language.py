"""Languages: every text of the code is in every catalogue, says the same things, and is spoken when asked."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from logdiag.cluster.facts import FACTS
from logdiag.conditions import alarm_catalogue
from logdiag.errors import InputError
from logdiag.files.resources import folder
from logdiag.i18n import ENGLISH, gettext, languages, ngettext, speaking
from logdiag.i18n.sentences import listed, stretch
from logdiag.rules.library import load
from logdiag.rules.placeholders import fill
from logdiag.rules.schema import ProcedureStep
from logdiag.rules.translation import texts

ROOT = Path(__file__).parent.parent
OTHERS = [language for language in languages() if language != ENGLISH]
IN_TABLES = {*FACTS.values(), ProcedureStep.model_fields["impact"].default}
"""Texts that `gettext` is asked for by a variable, and that carry no mark."""

FIELDS = re.compile(r"\{\w*\}|%\(\w+\)[sd]")


def said() -> set[str]:
    """Every text of code, templates, rules and alarms; of two by number, the first."""
    found: set[str] = {*IN_TABLES, *(text.english for text in texts(load()))}
    for alarm in alarm_catalogue.load().values():
        found |= {alarm.title, alarm.meaning, alarm.remedy}
    for place, method in ((ROOT / "logdiag", "python"), (ROOT / "reports", "jinja2.ext:babel_extract")):
        suffix = "py" if method == "python" else "jinja"
        for _, _, text, _, _ in extract_from_dir(place, method_map=[(f"**.{suffix}", method)]):
            found.add(text if isinstance(text, str) else text[0])
    return found


def catalogue(language: str) -> Catalog:
    with (folder("reports") / "locale" / language / "LC_MESSAGES" / "logdiag.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages(language: str) -> Iterator[tuple[Message, list[str], list[str]]]:
    """Every text of a catalogue with its wordings in English and in the language."""
    for message in catalogue(language):
        if message.id:
            english = [message.id] if isinstance(message.id, str) else list(message.id)
            other = [message.string] if isinstance(message.string, str) else list(message.string)
            yield message, english, other


def test_english_and_korean_are_known() -> None:
    assert languages()[0] == "en"
    assert "ko" in languages()


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_of_the_code_and_no_other(language: str) -> None:
    known = {english[0] for _, english, _ in messages(language)}
    assert said() - known == set()
    assert known - said() == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_there_is_no_guess_and_fills_in_the_same(language: str) -> None:
    for message, english, other in messages(language):
        assert all(other), message.id
        assert not message.fuzzy, message.id
        for text in other:
            assert sorted(set(FIELDS.findall(text))) == sorted(set(FIELDS.findall(english[-1]))), message.id


def test_the_language_at_hand_ends_with_its_block() -> None:
    with speaking("ko"):
        assert gettext("every peer") == "모든 피어"
        with speaking("en"):
            assert gettext("every peer") == "every peer"
        assert listed(["a", "b", "c"]) == "a, b 및 c"
        assert stretch(timedelta(minutes=4, seconds=12)) == "4분 12초"
    assert gettext("every peer") == "every peer"
    assert stretch(timedelta(minutes=4, seconds=12)) == "4 m 12 s"


def test_a_text_without_a_translation_stays_and_nothing_is_nothing() -> None:
    with speaking("ko"):
        assert gettext("no catalogue has this") == "no catalogue has this"
        assert ngettext("one of these", "many of these", 2) == "many of these"
        assert gettext("") == ""


@pytest.mark.parametrize("language", ["kr", "", "../ko", "KO"])
def test_a_language_that_is_not_there_is_an_error_that_names_those_that_are(language: str) -> None:
    with pytest.raises(InputError, match="the languages are en, ko"), speaking(language):
        pass


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("expc01", "expc01이 expc01을 expc01은 expc01과 expc01로"),
        ("expc02", "expc02가 expc02를 expc02는 expc02와 expc02로"),
        ("expc03", "expc03이 expc03을 expc03은 expc03과 expc03으로"),
        ("피어", "피어가 피어를 피어는 피어와 피어로"),
        ("경보", "경보가 경보를 경보는 경보와 경보로"),
        ("레코드 둘", "레코드 둘이 레코드 둘을 레코드 둘은 레코드 둘과 레코드 둘로"),
        ("값", "값이 값을 값은 값과 값으로"),
        ("10.0.0.8)", "10.0.0.8)이 10.0.0.8)을 10.0.0.8)은 10.0.0.8)과 10.0.0.8)로"),
        ("", "가 를 는 와 로"),
    ],
)
def test_a_particle_follows_the_sound_before_it(word: str, text: str) -> None:
    assert fill("{a}이(가) {a}을(를) {a}은(는) {a}와(과) {a}(으)로", {"a": word}) == text
