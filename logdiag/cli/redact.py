"""`logdiag redact`: snapshots without customer data, which can be shared."""

from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli.options import AllowPartial, Inputs, Jobs, Language, Limit, Quiet, limits_of, output_option
from logdiag.cli.printing import say, usage_error
from logdiag.files.atomic_write import scratch_folder


def redact(
    inputs: Inputs,
    output: Annotated[Path, output_option("A folder that is new or empty.", "DIR")],
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="At least 32 bytes; the same key gives the same words. Else it is random."
        ),
    ] = None,
    language: Language = "en",
    allow_partial: AllowPartial = False,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Write the snapshots without addresses, names, users, aliases, keys and secrets."""
    import secrets

    from logdiag.cluster.coverage import NOTHING_READ, PARTIAL
    from logdiag.i18n import gettext, ngettext, speaking
    from logdiag.redaction.listing import as_json, as_text
    from logdiag.redaction.pool import WorkerPool
    from logdiag.redaction.snapshots import MIN_KEY_BYTES, SnapshotRedactor, check_key
    from logdiag.snapshots import find_snapshots

    with speaking(language):
        if output.is_dir() and any(output.iterdir()):
            usage_error(gettext("{out}: the folder is not empty").format(out=output))
        if not output.is_dir() and (output.exists() or not output.absolute().parent.is_dir()):
            usage_error(gettext("{out}: not a folder, and cannot be created").format(out=output))
        for given in inputs:
            if output.resolve().is_relative_to(Path(given).resolve()):
                said = gettext("{out}: it is in a folder that is read; choose a folder outside")
                usage_error(said.format(out=output))
        secret = secrets.token_bytes(MIN_KEY_BYTES) if key is None else check_key(key.read_bytes())
        limits = limits_of(limit)
        snapshots = find_snapshots(inputs)
        if any(snapshot.is_stream for snapshot in snapshots):
            usage_error(gettext("standard input can be read once, and redact reads twice: give a file"))
        # All is made in a folder of its own, looked at there, and only then put into its place. What is
        # there already may be a link or a mount: it stays, and is filled.
        filled = output.is_dir()
        with (
            scratch_folder(output if filled else output.absolute().parent) as scratch,
            WorkerPool(jobs) as pool,
        ):
            room = scratch / output.name
            room.mkdir()
            redaction = SnapshotRedactor(secret, limits, pool)
            redaction.learn(snapshots)
            redaction.write(snapshots, room)
            # The written archives are read again and searched: what was planned does not prove what was
            # written.
            redaction.check(room)
            for suffix, view in ((".txt", as_text), (".json", as_json)):
                listed = view(redaction.archives, all_searched=redaction.all_searched)
                redaction.check_text(f"redaction{suffix}", listed)
                (room / f"redaction{suffix}").write_text(listed, encoding="utf-8")
            if filled:
                for made in sorted(room.iterdir()):
                    made.replace(output / made.name)
            else:
                room.chmod(0o755)
                room.replace(output)
        members = [member for archive in redaction.archives for member in archive.members]
        kept = sum(member.left_out is None for member in members)
        said = ngettext(
            "wrote {out}: {number} archive; {kept} members kept, {left} left out",
            "wrote {out}: {number} archives; {kept} members kept, {left} left out",
            len(redaction.archives),
        )
        number = len(redaction.archives)
        say(said.format(out=output, number=number, kept=kept, left=len(members) - kept), quiet)
        faults = [f"{member.name}: {fault}" for member in members for fault in member.faults]
        for fault in faults:
            say(fault, quiet)
        if not kept:
            raise typer.Exit(NOTHING_READ)
        raise typer.Exit(PARTIAL if faults and not allow_partial else 0)
