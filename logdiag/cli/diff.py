"""`logdiag diff`: what became of a cluster between two diagnoses."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logdiag.cli.options import AllowPartial, Jobs, Language, Limit, NoColor, Quiet, Rules
from logdiag.cli.printing import complain, laid_out, level_of, problems_of, say, show, usage_error
from logdiag.files.atomic_write import write

if TYPE_CHECKING:
    from logdiag.model import Diagnosis
    from logdiag.options import Options


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The findings file (.json) of the older run, or snapshots.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="That of the newer run, or snapshots.")],
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write .md or .json; may be repeated."),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="LEVEL",
            envvar="LOGDIAG_FAIL_ON",
            show_envvar=False,
            help="Exit 1 on what is new or worse, at LEVEL or above.",
        ),
    ] = "none",
    language: Language = "en",
    allow_partial: AllowPartial = False,
    rules: Rules = None,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """What became of a cluster between two diagnoses.

    Findings are new, worse, over, or went on. Of snapshots (a file, a folder, an archive, a URL) a diagnosis
    is made first.
    """
    from logdiag.cluster.coverage import NOTHING_READ, PARTIAL
    from logdiag.compare.diff import compare
    from logdiag.compare.diff_views import VIEWS, to_text
    from logdiag.exit_code import FINDINGS
    from logdiag.i18n import gettext, speaking
    from logdiag.options import Options
    from logdiag.snapshots import Limits

    level = level_of(fail_on)
    outputs = output or []
    if problems := problems_of(outputs, tuple(VIEWS), [old, new]):
        usage_error(*problems)
    options = Options(
        allow_partial=allow_partial,
        rules=tuple(rules or ()),
        limits=Limits().changed(limit or []),
        jobs=jobs,
        language=language,
    )
    older, newer = _diagnosis(old, options), _diagnosis(new, options)
    empty = [given for given, one in ((old, older), (new, newer)) if one.exit.code == NOTHING_READ]
    for given in empty:
        complain(f"{given}: there is no record and no dump in it: nothing to compare with")
    if empty:
        raise typer.Exit(NOTHING_READ)
    difference = compare(older, newer)
    with speaking(language):
        for path in outputs:
            write(path, VIEWS[path.suffix.lower()](difference).encode())
            say(gettext("wrote {file}").format(file=path), quiet)
        if not outputs:
            show(laid_out(partial(to_text, difference), no_color))
    for given, one in ((old, older), (new, newer)):
        for reason in one.exit.reasons:
            say(f"{given}: {reason.text}", quiet)
    if PARTIAL in (older.exit.code, newer.exit.code):
        raise typer.Exit(PARTIAL)
    raise typer.Exit(FINDINGS if level is not None and difference.failing(level) else 0)


def _diagnosis(given: str, options: "Options") -> "Diagnosis":
    from logdiag.compare.findings_file import read
    from logdiag.model import Exit
    from logdiag.pipeline import diagnose

    path = Path(given)
    if path.suffix.lower() == ".json" and "://" not in given and not path.is_dir():
        # How the run ended that wrote it is told already.
        return replace(read(given, path.read_bytes()), exit=Exit(0, ()))
    return diagnose([given], options).diagnosis
