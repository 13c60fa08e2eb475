"""`logdiag diff`: what changed in a cluster between two diagnoses."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logdiag.cli import options
from logdiag.cli.printing import check_outputs, complain, for_terminal, level_of, save, say, show

if TYPE_CHECKING:
    from logdiag.model import Diagnosis
    from logdiag.options import Options


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The findings file (.json) of the older run, or snapshots.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="That of the newer run, or snapshots.")],
    output: Annotated[
        list[Path] | None, options.output_option("Write .html, .md or .json; may be repeated.")
    ] = None,
    fail_on: Annotated[
        str, options.fail_on_option("Exit 1 on what is new or worse, at LEVEL or above.")
    ] = "none",
    language: options.Language = "en",
    allow_partial: options.AllowPartial = False,
    rules: options.Rules = None,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show what changed in a cluster between two diagnoses.

    Findings are new, worse, resolved or not resolved. Snapshots (a file, a folder, an archive, a URL) are
    diagnosed first.
    """
    from logdiag.cluster.coverage import NOTHING_READ, PARTIAL
    from logdiag.compare.diff import compare
    from logdiag.compare.diff_views import VIEWS, to_text
    from logdiag.exit_code import FINDINGS
    from logdiag.i18n import speaking

    level = level_of(fail_on)
    outputs = output or []
    # Before the diagnoses: reading can take minutes, and a wrong output is known now.
    check_outputs(outputs, VIEWS, [old, new])
    how = options.diagnosis_options(rules, limit, allow_partial=allow_partial, jobs=jobs, language=language)
    diagnoses = {given: _diagnosis(given, how) for given in (old, new)}
    empty = [given for given, one in diagnoses.items() if one.exit.code == NOTHING_READ]
    for given in empty:
        complain(f"{given}: there is no record and no dump in it: nothing to compare with")
    if empty:
        raise typer.Exit(NOTHING_READ)
    difference = compare(diagnoses[old], diagnoses[new])
    with speaking(language):
        for path in outputs:
            save(path, VIEWS[path.suffix.lower()](difference).encode(), quiet)
        if not outputs:
            show(for_terminal(partial(to_text, difference), no_color))
    for given, one in diagnoses.items():
        for reason in one.exit.reasons:
            say(f"{given}: {reason.text}", quiet)
    if any(one.exit.code == PARTIAL for one in diagnoses.values()):
        raise typer.Exit(PARTIAL)
    raise typer.Exit(FINDINGS if level is not None and difference.failing(level) else 0)


def _diagnosis(given: str, how: "Options") -> "Diagnosis":
    from logdiag.compare.findings_file import read
    from logdiag.model import Exit
    from logdiag.pipeline import diagnose

    path = Path(given)
    if path.suffix.lower() == ".json" and "://" not in given and not path.is_dir():
        # The run that wrote the file has said how it ended.
        return replace(read(given, path.read_bytes()), exit=Exit(0, ()))
    return diagnose([given], how).diagnosis
