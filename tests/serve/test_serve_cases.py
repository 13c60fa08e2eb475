"""A case with all its outputs, and the store that `logdiag batch` writes and reads, too."""

import html
import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import pytest
from web_server import FORKED, PEER, PRIMARY, SAMPLES, Server, serving

from logdiag.errors import InputError
from logdiag.serve.app import DOWNLOADS
from logdiag.serve.cases import Cases

ROOT = Path(__file__).parent.parent.parent

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(**FORKED) as started:
        started.sign_in()
        yield started


@pytest.fixture(scope="module")
def case(server: Server) -> str:
    return server.diagnose([(PRIMARY.name, PRIMARY.read_bytes())], keep="1", case="SR 1")


def ask(server: Server, case: str, sql: str, **more: str) -> tuple[int, str]:
    body = urlencode({"sql": sql, **more}).encode()
    answer = server.ask(f"{case}/ask", "POST", body, Content_Type="application/x-www-form-urlencoded")
    return answer.status, answer.text


def test_downloads_are_the_outputs_of_the_command(
    server: Server, case: str, tmp_path: Path, run: Run
) -> None:
    outputs = ("-o", "full.html", "-o", "full.md", "-o", "full.json", "-o", "full.sarif", "-o", "full.xml")
    run("diagnose", PRIMARY, "--case", "SR 1", *outputs)
    run(
        "diagnose", PRIMARY, "--case", "SR 1", "--redact", *(word.replace("full", "less") for word in outputs)
    )
    run("diagnose", PRIMARY, "--case", "SR 1", "--brief", "-o", "brief.html")
    for name, suffix in DOWNLOADS.items():
        whole = server.ask(f"{case}/download/{name}")
        assert whole.status == 200
        assert re.fullmatch(
            r'attachment; filename="logdiag-[0-9a-f]{16}[\w.-]*"', whole.headers["content-disposition"]
        )
        if name not in ("brief", "short-ticket"):
            assert whole.text == (tmp_path / f"full{suffix}").read_text(encoding="utf-8"), name
            redacted = server.ask(f"{case}/download/{name}?redacted=1")
            assert redacted.text == (tmp_path / f"less{suffix}").read_text(encoding="utf-8"), name
    assert server.ask(f"{case}/download/brief").text == (tmp_path / "brief.html").read_text(encoding="utf-8")
    assert server.ask(f"{case}/download/other").status == 404


def test_a_report_can_ask_the_server_for_nothing(server: Server, case: str) -> None:
    answer = server.ask(f"{case}/report")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts ")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "frame-ancestors 'self'" in policy


def test_queries_are_answered_or_the_reason_is_shown(server: Server, case: str) -> None:
    page = (ROOT / "docs" / "query.md").read_text(encoding="utf-8")
    examples = re.findall('name="sql" value="([^"]*)"', server.ask(f"{case}/ask").text)
    assert len(examples) == 6
    for sql in map(html.unescape, examples):
        assert sql in page
        status, text = ask(server, case, sql)
        assert (status, "answer-title" in text) == (200, True), sql
    status, text = ask(server, case, "SELECT 1 AS one, '<b>' AS two UNION ALL SELECT 2, '=1+1'", csv="1")
    assert (status, text.replace("\r", "")) == (200, "one,two\n1,<b>\n2,'=1+1\n")
    status, text = ask(server, case, "SELECT '<img src=x>' AS \"<i>\" FROM range(300)")
    assert status == 200
    assert "<img" not in text
    assert "<i>" not in text
    assert "Only the first rows are shown" in text
    for sql, said in (
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv is not allowed"),
        ("COPY records TO '/tmp/x'", "a query is one SELECT"),
        ("SELECT nothing FROM records", "nothing"),
    ):
        status, text = ask(server, case, sql)
        assert (status, said in text) == (400, True), text


def test_procedures_name_the_peers(server: Server, case: str) -> None:
    page = server.ask(f"{case}/procedures").text
    [source] = re.findall('<iframe class="report" src="([^"]+)"', page)
    framed = server.ask(source)
    assert framed.headers["content-security-policy"].startswith("sandbox")
    assert 'id="bring-a-peer-back"' in framed.text
    assert "Evidence" in framed.text


def test_more_evidence_is_diagnosed_together_and_what_changed_is_shown(server: Server, case: str) -> None:
    answer = server.send(f"{case}/add", [(PEER.name, PEER.read_bytes())], keep="1")
    newer = server.wait(answer.headers["location"])
    text = server.ask(newer).text
    assert "What changed with the new evidence" in text
    [compare] = re.findall(rf'href="({newer}/compare[^"]+)"', text)
    assert "SR 1" in server.ask(compare).text
    assert "<h1" in server.ask(f"{compare}&frame=1").text
    found = json.loads(server.ask(f"{newer}/download/findings").text)
    assert len(found["coverage"]["members"]) == 2
    assert found["command"]["options"]["case"] == "SR 1"
    assert server.ask(f"{newer}/compare?with=nothing").status == 404

    # Without the files, only what the findings file has can be asked.
    assert server.ask(f"{newer}/forget", "POST", b"").status == 303
    assert ask(server, newer, "SELECT count(*) FROM findings, coverage")[0] == 200
    status, text = ask(server, newer, "SELECT * FROM records")
    assert (status, "The uploaded files are deleted" in text) == (400, True)
    assert server.send(f"{newer}/add", [("a.log", b"x")]).status == 409
    assert server.ask(f"{newer}/delete", "POST", b"").status == 303
    for path in ("", "/report", "/download/report", "/ask", "/procedures"):
        assert server.ask(newer + path).status == 404
    assert server.ask(case).status == 200


def test_pasted_text_is_diagnosed(server: Server) -> None:
    text = PRIMARY.read_text(encoding="utf-8").replace("\n", "\r\n")
    case = server.diagnose([], text=text, case="")
    assert "pasted text" in server.ask(case).text
    found = json.loads(server.ask(f"{case}/download/findings").text)
    [member] = found["coverage"]["members"]
    assert member["unparsed"] == 0
    assert member["size"] == PRIMARY.stat().st_size


@pytest.fixture(scope="module")
def batch_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from logdiag.batch.engines import Processes
    from logdiag.batch.run import batch
    from logdiag.options import Options

    folder = tmp_path_factory.mktemp("batch")
    for name in ("peer-lost", "replication"):
        shutil.copytree(SAMPLES / name, folder / "in" / name)
    batch([*(folder / "in").iterdir()], folder / "out", Options(), Processes(1))
    return folder / "out"


def test_a_batch_is_opened_searched_added_to_and_deleted_from(batch_output: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(batch_output, store)
    with serving("--store", store, "--keep-inputs", TMPDIR=str(tmp_path), **FORKED) as server:
        server.sign_in()
        assert "/case/peer-lost" in server.ask("/").text
        assert "lost the cluster connection" in server.ask("/case/peer-lost").text
        for words, found in (
            ("peer-down+EXPC02", True),
            ("20006", True),
            ("mnesia_down", True),
            ("no-such-word", False),
        ):
            assert ("/case/peer-lost" in server.ask(f"/search?q={words}").text) is found, words
        case = server.diagnose([("late.log", PEER.read_bytes())], keep="1", case="SR 2")
        assert case in server.ask("/search?q=SR+2").text
        name = case.rpartition("/")[2]
        rows = duckdb.sql(
            f"SELECT DISTINCT cluster FROM read_parquet('{store}/findings/*/*.parquet')"
        ).fetchall()
        assert {row[0] for row in rows} == {"peer-lost", "replication", name}
        assert f"clusters/{name}/report.html" in (store / "index.html").read_text(encoding="utf-8")
        assert server.ask("/case/peer-lost/delete", "POST", b"").status == 303
    # What is kept is there in the next run, with the files; what was deleted is gone.
    assert not any("peer-lost" in path.name for path in store.rglob("*"))
    with serving("--store", store, "--keep-inputs", **FORKED) as server:
        server.sign_in()
        assert ask(server, case, "SELECT count(*) AS n FROM records")[0] == 200
        assert server.ask(f"{case}/delete", "POST", b"").status == 303
    assert not any(name in str(path) for path in store.rglob("*"))
    assert list((store / "inputs").iterdir()) == []


def test_a_store_of_a_stranger_leads_nowhere(batch_output: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(batch_output, store)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "report.html").write_text("secret")
    [state] = [path for path in (store / "state").iterdir() if b'"peer-lost"' in path.read_bytes()]
    written = json.loads(state.read_text())
    for name in ("../../secret", "..", ".", "", "/etc"):
        written["row"]["name"] = name
        written["about"]["made"] = "2024-01-01T00:00:00"
        (store / "state" / f"{len(name)}{name.strip('./')[:4]}.json").write_text(json.dumps(written))
    cases = Cases(store, tmp_path / "uploads")
    with cases.opened():
        assert sorted(case.name for case in cases.all()) == ["peer-lost", "replication"]
        assert cases.get("../../secret") is None
    for name in ("inputs", "clusters/link", "clusters/peer-lost/more", "state/a.json", "findings/b.parquet"):
        for make in (lambda path: path.symlink_to(secret), os.mkfifo):
            make(store / name)
            with pytest.raises(InputError, match="no links"), Cases(store, store / "inputs").opened():
                pass
            (store / name).unlink()
    assert (secret / "report.html").read_text() == "secret"


def test_a_store_of_a_stranger_with_wrong_values_is_opened(batch_output: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(batch_output, store)
    for state in (store / "state").iterdir():
        written = json.loads(state.read_text())
        written["about"] |= {
            "made": "0001-01-01T00:00:00+14:00",
            "changed": [["x", math.inf]],
            "inputs": [["x", math.inf]],
            "options": {"case": "<b>\ud800"},
            "earlier": [],
        }
        written["row"]["label"] = "<script>alert(1)</script>"
        state.write_text(json.dumps(written))
    (store / "clusters" / "peer-lost" / "findings.json").write_text('{"incidents": [], "findings": [{}]}')
    with serving("--store", store, **FORKED) as server:
        server.sign_in()
        assert "<script>alert" not in server.ask("/").text
        assert server.ask("/case/peer-lost").status == 200
        assert server.ask("/case/peer-lost/download/ticket").status == 400
        case = server.diagnose([("a.log", b"nothing")])
        assert "<iframe" in server.ask(case).text
        assert "replication" in server.ask("/search?q=replication").text


def test_a_folder_with_something_else_is_refused(tmp_path: Path, run: Run) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("x")
    done = run("serve", "--no-open", "--store", tmp_path / "other")
    assert (done.returncode, b"neither empty nor the output" in done.stderr) == (2, True)
    for words in (("--keep-inputs",), ("--certificate", "x"), ("--memory", "much"), ("--host", "192.0.2.1")):
        assert run("serve", "--no-open", *words).returncode == 2, words


def test_without_the_packages_the_message_names_the_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith(("uvicorn", "logdiag.serve.server"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = run("serve", "--no-open")
    assert (done.returncode, b"pip install 'logdiag[serve]'" in done.stderr) == (2, True)
