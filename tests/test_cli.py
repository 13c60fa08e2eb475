"""The command line as a user has it: a process, its output, its exit code, what it writes."""

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from logdiag.rules.library import load

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
"""The fixture in ``tests/conftest.py``: the command in this process; where the process matters, a test starts one."""


def environment() -> dict[str, str]:
    """That of the tests, without what a service that runs them tells its steps."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}


def test_diagnose_writes_html_and_json(run: Run, samples: Path, tmp_path: Path) -> None:
    done = run("diagnose", samples / "peer-lost", "-o", "x.html", "-o", "x.json")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().splitlines() == ["wrote x.html", "wrote x.json"]
    assert (tmp_path / "x.html").read_text().startswith("<!doctype html>")
    assert json.loads((tmp_path / "x.json").read_text())["schema"] == "logdiag.findings/2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.html", "x.json"]


def test_without_output_it_prints_a_summary(run: Run, samples: Path) -> None:
    done = run("diagnose", samples / "peer-lost")
    assert done.returncode == 0
    assert done.stdout.decode().startswith("expc01 lost the cluster connection to expc02")
    assert b"\x1b" not in done.stdout


def test_the_short_form_names_the_case_and_leaves_out_the_rest(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    page, data = tmp_path / "short.html", tmp_path / "all.json"
    given = ("--brief", "--case", "698001234", "--customer", "Apolo", "--author", "J. Doe")
    assert run("diagnose", samples / "peer-lost", *given, "-o", page, "-o", data).returncode == 0
    text = page.read_text(encoding="utf-8")
    assert "<title>698001234: expc01 lost the cluster connection to expc02</title>" in text
    assert 'id="coverage"' not in text
    whole = json.loads(data.read_text(encoding="utf-8"))
    assert whole["command"]["options"] == {
        "brief": "true",
        "case": "698001234",
        "customer": "Apolo",
        "author": "J. Doe",
    }
    assert whole["coverage"]["members"]
    summary = run("diagnose", samples / "peer-lost", "--brief").stdout.decode()
    assert "What we need from you" in summary
    assert "4,240 bytes" not in summary
    redacted = run("diagnose", samples / "peer-lost", *given, "--redact").stdout.decode()
    assert "Case 698001234\n" in redacted
    assert "Apolo" not in redacted and "Doe" not in redacted


def test_a_diagnosis_in_korean(
    run: Run, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("diagnose", samples / "peer-lost", "--lang", "ko", "-o", "x.html", "-o", "x.json")
    assert done.returncode == 0
    assert '<html lang="ko">' in (tmp_path / "x.html").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert told["language"] == "ko"
    assert told["verdict"]["headline"] == "expc01과 expc02의 클러스터 연결이 끊어졌습니다"
    monkeypatch.setenv("LOGDIAG_LANG", "ko")
    assert run("diagnose", samples / "peer-lost").stdout.decode().startswith("expc01과 expc02의")
    assert (
        run("diagnose", samples / "peer-lost", "--lang", "en")
        .stdout.decode()
        .startswith("expc01 lost the cluster")
    )


def test_a_language_that_nobody_speaks_here_is_2_and_says_which_are(run: Run, samples: Path) -> None:
    done = run("diagnose", samples / "peer-lost", "--lang", "tlh")
    assert done.returncode == 2
    assert done.stderr.decode() == "logdiag: there is no language 'tlh'; the languages are en, ko\n"


def test_a_path_alone_means_diagnose(run: Run, samples: Path) -> None:
    assert run(samples / "peer-lost").stdout == run("diagnose", samples / "peer-lost").stdout


def test_archives_gzip_and_standard_input_say_the_same(run: Run, samples: Path, tmp_path: Path) -> None:
    log = (samples / "peer-lost" / "peer-disconnect-expc01.log").read_bytes()
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(log))
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("logs/a.log")
        entry.size = len(log)
        archive.addfile(entry, io.BytesIO(log))
    verdict = run("diagnose", samples / "peer-lost").stdout.splitlines()[0]
    assert run("diagnose", "a.log.gz").stdout.splitlines()[0] == verdict
    assert run("diagnose", "b.tar.gz").stdout.splitlines()[0] == verdict
    assert run("diagnose", "-", given=log).stdout.splitlines()[0] == verdict
    assert run("-", given=gzip.compress(log)).stdout.splitlines()[0] == verdict
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log.gz", "b.tar.gz"]


@pytest.mark.parametrize(
    ("level", "code"), [("none", 0), ("critical", 0), ("high", 1), ("medium", 1), ("info", 1)]
)
def test_fail_on(run: Run, samples: Path, level: str, code: int) -> None:
    assert run("diagnose", samples / "peer-lost", "--fail-on", level).returncode == code


def test_fail_on_counts_closed_findings_too(run: Run, samples: Path) -> None:
    assert run("diagnose", samples / "peer-returns", "--fail-on", "high").returncode == 1


def test_fail_on_does_not_count_what_requested_work_explains(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(
        '2024-03-05T09:00:10.100+00:00 expa02 httpd[15060]: web: Event="System Configuration Changed" '
        "Detail=\"configuration/alternates/ConfigurationMaster - changed from: '1' to: '2'\" "
        'Src-ip="192.0.2.30" User="admin" Level="1" UTCTime="2024-03-05 09:00:10"\n'
    )
    done = run("diagnose", "a.log", "--fail-on", "info", "-o", "x.json")
    found = json.loads((tmp_path / "x.json").read_text())["findings"]
    assert found and all(one["requested"] for one in found)
    assert done.returncode == 0


def test_nothing_read_is_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no record here\n")
    done = run("diagnose", "notes.txt", "-o", "x.json")
    assert done.returncode == 4
    assert json.loads((tmp_path / "x.json").read_text())["exit"] == {
        "code": 4,
        "reasons": [{"code": 4, "text": "no log record and no dump was found in any input"}],
    }
    assert "no log record and no dump was found in any input" in done.stderr.decode()


def test_a_cut_archive_is_5_and_partial_may_be_allowed(run: Run, samples: Path, tmp_path: Path) -> None:
    log = (samples / "peer-lost" / "peer-disconnect-expc01.log").read_bytes()
    (tmp_path / "cut.gz").write_bytes(gzip.compress(log)[:-40])
    done = run("diagnose", "cut.gz")
    assert done.returncode == 5
    assert "cut.gz: cut: cut: the gzip data ends before its end mark" in done.stderr.decode()
    assert run("diagnose", "cut.gz", "--allow-partial").returncode == 0
    assert run("diagnose", "cut.gz", "--allow-partial", "--fail-on", "high").returncode == 1
    both = run("diagnose", "cut.gz", "--fail-on", "high", "-o", "x.json")
    assert both.returncode == 5
    reasons = json.loads((tmp_path / "x.json").read_text())["exit"]["reasons"]
    assert [reason["code"] for reason in reasons] == [5, 1]


def test_a_limit_that_is_reached_is_5(run: Run, samples: Path) -> None:
    done = run("diagnose", samples / "peer-lost", "--limit", "member=2k")
    assert done.returncode == 5
    assert "of a member no more than 2 KiB are read" in done.stderr.decode()


def test_where_nothing_was_read_that_counts_and_the_json_lists_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(os.urandom(5000))[:-40])
    done = run("diagnose", "cut.gz", "--allow-partial", "--fail-on", "info", "-o", "x.json")
    assert done.returncode == 4
    told = json.loads((tmp_path / "x.json").read_text())["exit"]
    assert told["code"] == 4
    assert {reason["code"] for reason in told["reasons"]} == {4, 5}


def test_a_peer_that_gave_nothing_is_not_partial(run: Run, samples: Path, tmp_path: Path) -> None:
    assert run("diagnose", samples / "peer-lost", "-o", "x.json").returncode == 0
    told = json.loads((tmp_path / "x.json").read_text())
    assert [peer["snapshots"] for peer in told["cluster"]["peers"]][-1] == []
    assert told["exit"] == {"code": 0, "reasons": []}


def test_interrupted_is_130_and_leaves_no_file(samples: Path, tmp_path: Path) -> None:
    words = ["diagnose", "-", "-o", "x.html", "-o", "x.json"]
    started = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *words],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
    )
    started.communicate((samples / "peer-lost" / "peer-disconnect-expc01.log").read_bytes())
    assert started.returncode == 130
    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from logdiag import cli
from logdiag.files import atomic_write as writing
def interrupted(*_):
    os.kill(os.getpid(), signal.SIGINT)
writing.Path.replace = interrupted
cli.main()
"""
"""The command line with somebody who interrupts it at the worst time: a file is written, not yet in its place."""


def test_parse_knows_partial_too(run: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no record here\n")
    inputs = (samples / "peer-lost", "notes.txt")
    done = run("parse", *inputs, "-o", "x.csv")
    assert done.returncode == 5
    assert "notes.txt contains no log record and no dump" in done.stderr.decode()
    assert run("parse", *inputs, "-o", "x.csv", "--allow-partial").returncode == 0


def test_one_input_without_records_among_others_is_5(run: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no record here\n")
    done = run("diagnose", samples / "peer-lost", "notes.txt")
    assert done.returncode == 5
    assert "notes.txt contains no log record and no dump" in done.stderr.decode()


def test_min_coverage(run: Run, samples: Path, tmp_path: Path) -> None:
    log = (samples / "peer-lost" / "peer-disconnect-expc01.log").read_bytes()
    (tmp_path / "a.log").write_bytes(b"half a line of an older record\n" * 140 + log)
    assert run("diagnose", "a.log", "--min-coverage", "40").returncode == 0
    done = run("diagnose", "a.log", "--min-coverage", "60")
    assert done.returncode == 5
    assert "records cover 49.4 % of the logs, under 60 %" in done.stderr.decode()


def test_what_is_wrong_with_the_command_line_is_said_at_once(
    run: Run, samples: Path, golden: Callable[[str, str], None]
) -> None:
    said = []
    for words in (
        ("diagnose", "missing.log", "also-missing"),
        ("diagnose", str(samples / "peer-lost"), "-o", "x.pdf", "-o", "no/such/folder/x.html"),
        ("diagnose", str(samples / "peer-lost"), "--fail-on", "severe"),
        ("parse", str(samples / "peer-lost"), "-o", "x.xlsx"),
        ("rules", "show", "database/peer-dawn"),
    ):
        done = run(*words)
        assert done.returncode == 2, words
        assert done.stdout == b""
        shown = ["sample" if word.startswith("/") else word for word in words]
        said.append(f"$ logdiag {' '.join(shown)}\n{done.stderr.decode()}")
    golden("command-line-errors.txt", "\n".join(said))


def test_a_wrong_rule_is_3(run: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bad.yaml").write_text("title: x\nseverty: high\n")
    done = run("diagnose", samples / "peer-lost", "--rules", "own")
    assert done.returncode == 3
    assert "own/bad.yaml:2:1: unknown key 'severty'; did you mean 'severity'?" in done.stderr.decode()


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv", ".jsonl"])
def test_parse_writes_tables(run: Run, samples: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"x{suffix}"
    done = run("parse", samples / "peer-lost", samples / "tls-enforcement", "-o", out.name)
    assert done.returncode == 0, done.stderr
    match suffix:
        case ".parquet":
            details = pa.parquet.read_table(out).column("detail").to_pylist()
        case ".arrow":
            details = pa.ipc.open_file(out).read_all().column("detail").to_pylist()
        case ".csv":
            import csv

            details = [row["detail"] for row in csv.DictReader(out.read_text().splitlines())]
        case _:
            details = [json.loads(line)["detail"] for line in out.read_text().splitlines()]
    assert len(details) == 16 + 25
    assert details[0] == "Processed mnesia_down event from accessible node"


def test_csv_holds_no_formula(run: Run, tmp_path: Path) -> None:
    text = '2024-03-05T09:00:00.000+00:00 expa01 tvcs: Detail="=cmd|calc" Module="@x"\n'
    (tmp_path / "a.log").write_text(text)
    run("parse", "a.log", "-o", "x.csv")
    row = (tmp_path / "x.csv").read_text().splitlines()[1]
    assert "'=cmd|calc" in row
    assert "'@x" in row


def test_control_characters_never_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    hostile = (
        '2024-03-05T09:00:00.100+00:00 expa01 UTCTime="2024-03-05 09:00:00,100" Module="developer.clusterdb.cdb" '
        'Detail="mnesia_down \x1b]0;owned\x07" Node="clusterdb@expa01" Node="clusterdb@\x1b[2Jevil\u202ename"\n'
        '2024-03-05T09:00:01.100+00:00 expa01 httpd[1]: web: Event="System Configuration Changed" '
        'Detail="\x9b31m\u2066x" User="\x1b[31madmin" UTCTime="2024-03-05 09:00:01"\n'
    )
    (tmp_path / "a\x1b[31m.log").write_text(hostile)
    done = run("diagnose", "a\x1b[31m.log")
    out = (done.stdout + done.stderr).decode()
    for character in ("\x1b", "\x07", "\x9b", "\u202e", "\u2066"):
        assert character not in out
    assert "evil" in out


def test_rules_list_show_lint_test_schema(run: Run) -> None:
    listed = run("rules", "list").stdout.decode()
    assert "database/peer-down" in listed
    page = run("rules", "show", "database/peer-down").stdout.decode()
    for heading in ("What it means", "What it explains", "What to do", "Cases", "References"):
        assert f"\n{heading}\n" in page
    lint = run("rules", "lint")
    assert lint.returncode == 0, lint.stdout
    assert run("rules", "reference").stdout.decode().startswith("# What rules may say\n")
    assert json.loads(run("rules", "schema").stdout)["title"] == "Rule"
    cases = len(load().rules["incident/peer-lost"].cases)
    tested = run("rules", "test", "incident/peer-lost")
    assert tested.returncode == 0, tested.stdout
    assert tested.stdout.decode() == f"{cases} of {cases} cases as expected\n"


def test_lint_notes_what_has_no_translation_and_complains_of_the_rest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own" / "procedures").mkdir(parents=True)
    step = "{do: D, why: W, where: every peer, risk: read}"
    (tmp_path / "own" / "procedures" / "idle.yaml").write_text(f"title: T\nsteps: [{step}]\n")
    done = run("rules", "lint", "--rules", "own")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "note: procedures/idle: not translated into ko: title, steps.0.do, steps.0.why"
    assert lines[1:] == ["procedures/idle: no rule uses this procedure"]
    assert done.returncode == 3


def test_a_library_that_lies_one_folder_deeper_is_2_and_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own" / "rules" / "procedures").mkdir(parents=True)
    done = run("rules", "lint", "--rules", "own")
    assert done.returncode == 2
    assert done.stderr.decode() == "logdiag: own: the library is the folder rules in it: own/rules\n"


def test_a_case_that_fails_is_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.yaml").write_text(
        """
title: A thing on {hosts}
severity: info
basis: assumed
why: A thing.
match: {record: {where: {Detail: A thing}}}
references: [none]
cases:
  - name: fires
    log: |
      2024-03-05T09:00:00.000+00:00 expa01 tvcs: Detail="A thing"
    expect: [{hosts: [expa02]}]
  - name: silent
    log: |
      2024-03-05T09:00:00.000+00:00 expa01 tvcs: Detail="Another thing"
    expect: []
"""
    )
    done = run("rules", "test", "--rules", "own")
    assert done.returncode == 3
    assert "mine: fires: finding 1: hosts is ['expa01'], expected ['expa02']" in done.stdout.decode()
    # Of those that are laid over the library, and of no others.
    assert done.stdout.decode().splitlines()[-1] == "1 of 2 cases as expected"


@pytest.mark.parametrize("words", [["--help"], ["diagnose", "--help"], ["--version"]], ids=" ".join)
def test_help_and_version_load_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; sys.argv = ['logdiag', *" + repr(words) + "]\n"
        "from logdiag.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pyarrow', 'pandas', 'numpy', 'lark', 'yaml', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_findings_as_a_frame(samples: Path) -> None:
    import logdiag

    frame = logdiag.diagnose(samples / "peer-lost").findings
    assert list(frame.columns[:4]) == ["fingerprint", "id", "rule", "title"]
    assert len(frame) == 7
    assert str(frame["first"].dtype).startswith("datetime64")


def test_no_command_loads_pandas(samples: Path, tmp_path: Path) -> None:
    """Arrow imports it with its first list, unless it cannot be found: that takes longer than a diagnosis."""
    code = (
        "import sys\nfrom logdiag.cli import main\nsys.argv = ['logdiag', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert 'pandas' not in sys.modules\nimport logdiag\n"
        "assert logdiag.parse(sys.argv[2]).to_pandas().shape[0]"
    )
    words = ["diagnose", str(samples / "peer-lost"), "-o", str(tmp_path / "report.html")]
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
