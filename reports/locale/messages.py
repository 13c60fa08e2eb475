"""`make messages`: collect the texts of logdiag in ``logdiag.pot`` and update the catalogue of each language.

Texts come from the code and the templates (`gettext`, `ngettext`, `N_`), the rules and procedures, and the
alarm catalogue. ``babel.cfg`` names the files of each kind.
"""

import csv
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from logdiag.rules.library import load
from logdiag.rules.rule_file import RuleFile
from logdiag.rules.translation import Text, collect_texts
from logdiag.rules.yaml_file import read

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "reports" / "locale"
POT = LOCALE / "logdiag.pot"
COMMENTS = ("Translators:",)

Extracted = Iterator[tuple[int, None, str, list[str]]]


def extract_rules(file: BinaryIO, *_: Any, **__: Any) -> Extracted:
    """The texts of a rule or a procedure."""
    path = Path(file.name)
    rule = RuleFile(path, path.name, path.name, file.read())
    read(rule)
    for text in _library_texts().get(path.relative_to(ROOT / "rules").with_suffix("").as_posix(), ()):
        yield rule.mistake(text.path, "").line, None, text.english, []


def extract_alarms(file: BinaryIO, *_: Any, **__: Any) -> Extracted:
    """The texts of the alarm catalogue."""
    rows = csv.DictReader(io.StringIO(file.read().decode(), newline=""), strict=True)
    for row in rows:
        for column in ("title", "meaning", "remedy", "note"):
            if column in row:
                yield rows.line_num, None, row[column], []


@cache
def _library_texts() -> dict[str, list[Text]]:
    found: dict[str, list[Text]] = {}
    for text in collect_texts(load()):
        found.setdefault(text.file, []).append(text)
    return found


def template() -> Catalog:
    """Every text of logdiag, with its places."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog()
    for path, line, text, comments, context in extract_from_dir(
        ROOT, methods, options, comment_tags=COMMENTS, strip_comment_tags=True
    ):
        catalog.add(text, None, [(path, line)], auto_comments=comments, context=context)
    return catalog


def updated(path: Path, found: Catalog) -> str:
    """The text of a catalogue with the messages found: new ones are empty, obsolete ones are gone."""
    # The head is kept as it is: Babel would write the time and its own version into it.
    head = path.read_text(encoding="utf-8").partition("\n\n")[0]
    if path == POT:
        catalog = found
    else:
        with path.open("rb") as file:
            catalog = read_po(file)
        catalog.update(found, no_fuzzy_matching=True, update_header_comment=False)
    for message in catalog:
        message.flags.discard("python-format")  # Babel takes a per cent sign for a placeholder
    body = io.BytesIO()
    # Without line numbers a translation changes only when its text does.
    write_po(
        body,
        catalog,
        width=0,
        omit_header=True,
        sort_by_file=True,
        ignore_obsolete=True,
        include_lineno=path == POT,
    )
    return f"{head}\n\n{body.getvalue().decode()}"


def main() -> None:
    """Write the template and the catalogues."""
    found = template()
    for path in (POT, *sorted(LOCALE.glob("*/LC_MESSAGES/logdiag.po"))):
        path.write_text(updated(path, found), encoding="utf-8")


if __name__ == "__main__":
    main()
