"""The compared readers of logs. Each takes a path and reads the same fields from every record.

The fields are time, host and process of the header, and all pairs of key and value. The text of a reader says if it
returns less. The other readers do not handle records of several lines, syslog headers, quotes in values or lines
without a record.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (\S+) (?:([A-Za-z_][\w.\-]*)(?:\[\d+\])?:)?"
PAIR = r'([A-Za-z_][\w.:()>\-]*)="([^"]*)"'


@dataclass(frozen=True)
class Reader:
    """A reader of logs: its name, its result, and the numbers of cores on which it can run."""

    name: str
    gives: str
    run: Callable[[Path, int], object]
    cores: tuple[int, ...] = (1,)
    share: int = 1
    """Divisor of the size of its log: slow readers would take minutes for the whole log."""


def _compiled(path: Path, cores: int) -> object:
    from logdiag.reading import read
    from logdiag.snapshots import find_snapshots

    return read(find_snapshots([path]), engine="compiled", jobs=cores).records


def _compiled_pairs(path: Path, cores: int) -> object:
    import logdiag

    columns = ["time", "host", "process", "fields"]
    return logdiag.parse([path], columns=columns, engine="compiled", jobs=cores)


def _lark(path: Path, _: int) -> object:
    from logdiag.reading import read
    from logdiag.snapshots import find_snapshots

    return read(find_snapshots([path]), engine="lark").records


def _lark_alone(path: Path, _: int) -> object:
    from logdiag.grammar import tokens
    from logdiag.records.chunker import Unrecognised, pieces

    cut = (piece for piece in pieces(_chunks(path), 1 << 20) if not isinstance(piece, Unrecognised))
    return [list(tokens(bytes(piece))) for piece in cut]


def _lark_cython(path: Path, _: int) -> object:
    import lark_cython
    from lark import Lark

    from logdiag.files import resources
    from logdiag.records.chunker import Unrecognised, pieces

    lark = Lark(
        (resources.folder("grammars") / "expressway.lark").read_text(),
        parser="lalr",
        lexer="contextual",
        _plugins=lark_cython.plugins,
    )
    return [
        list(lark.parse_interactive(str(piece, "latin-1")).iter_parse())
        for piece in pieces(_chunks(path), 1 << 20)
        if not isinstance(piece, Unrecognised)
    ]


def _re(path: Path, _: int) -> object:
    import re

    header, pair = re.compile(HEADER), re.compile(PAIR)
    with path.open(encoding="utf-8", errors="replace") as file:
        return [(found.groups(), pair.findall(line)) for line in file if (found := header.match(line))]


def _duckdb(path: Path, cores: int) -> object:
    import duckdb

    connection = duckdb.connect()
    # On several cores, one more thread than cores was fastest.
    connection.execute(f"SET threads = {cores if cores == 1 else cores + 1}")
    return connection.sql(
        "SELECT regexp_extract(line, $1, ['time', 'host', 'process']) AS header, "
        "regexp_extract_all(line, $2, 1) AS keys, regexp_extract_all(line, $2, 2) AS values "
        "FROM read_csv($3, columns = {'line': 'VARCHAR'}, header = false, delim = '\x01', quote = '', "
        "escape = '', auto_detect = false, max_line_size = 10000000, strict_mode = false) "
        "WHERE line LIKE '20%'",
        params=[HEADER, PAIR, str(path)],
    ).to_arrow_table()


def _polars(path: Path, _: int) -> object:
    import polars as pl  # the environment sets the number of threads

    line = pl.col("line")
    pairs = line.str.extract_all(PAIR)
    return (
        pl.scan_csv(path, separator="\x01", has_header=False, quote_char=None, schema={"line": pl.String})
        .filter(line.str.starts_with("20"))
        .select(
            line.str.extract_groups(HEADER).alias("header"),
            pairs.list.eval(pl.element().str.extract_groups(PAIR)).alias("fields"),
        )
        .collect()
    )


def _polars_whole(path: Path, _: int) -> object:
    import polars as pl

    line = pl.col("line")
    return (
        pl.scan_csv(path, separator="\x01", has_header=False, quote_char=None, schema={"line": pl.String})
        .filter(line.str.starts_with("20"))
        .select(line.str.extract_groups(HEADER).alias("header"), line.str.extract_all(PAIR).alias("fields"))
        .collect()
    )


def _command(*command: str) -> Callable[[Path, int], object]:
    def run(path: Path, _: int) -> object:
        with path.open("rb") as file:
            return subprocess.run(command, stdin=file, stdout=subprocess.DEVNULL, check=True)

    return run


def _lnav(path: Path, _: int) -> object:
    command = ["lnav", "-n", "-c", ";SELECT count(*) FROM all_logs", str(path)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env={**os.environ, "TERM": "dumb"})


def _isal(path: Path, _: int) -> object:
    from isal import igzip

    with igzip.open(path.with_suffix(path.suffix + ".gz"), "rb") as file:
        while file.read(1 << 20):
            pass
    return None


def _gzip(path: Path, _: int) -> object:
    command = ["gzip", "-dc", str(path) + ".gz"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk


READERS = (
    Reader("logdiag, compiled grammar", "the whole table", _compiled, (1, 2)),
    Reader("logdiag, compiled grammar, some columns", "header and pairs", _compiled_pairs, (1, 2)),
    Reader("logdiag, the same grammar with Lark", "the whole table", _lark, share=20),
    Reader("Lark", "tokens only", _lark_alone, share=20),
    Reader("lark-cython", "tokens only", _lark_cython, share=20),
    Reader("Python re", "header and pairs, line by line", _re),
    Reader("DuckDB", "header and pairs, line by line", _duckdb, (1, 2)),
    Reader("Polars", "header and pairs, line by line", _polars, (1, 2)),
    Reader("Polars, pairs in one piece", "header, and each pair as one text", _polars_whole, (1, 2)),
    Reader("lnav", "an index of the headers", _lnav),
    Reader("wc -l", "a limit: the line ends", _command("wc", "-l")),
    Reader("gzip -dc", "a limit: unpacking", _gzip),
    Reader("isal", "a limit: unpacking", _isal),
)
