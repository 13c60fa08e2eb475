"""`logdiag procedures`: the list, one procedure, and what the evidence shows of it; also its outputs."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logdiag.errors import LibraryError
from logdiag.incidents.procedures import page_of
from logdiag.pipeline import examine_clusters
from logdiag.report import procedures as views
from logdiag.rules.cases import files_of, tables_of
from logdiag.rules.library import Library, load
from logdiag.rules.lint import lint
from logdiag.rules.schema import Case

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

STEP = "why: W, risk: change, verify: V"
PLANNED = f"""\
title: Move a cluster
kind: planned
references: ["document: logs"]
before: [Everybody knows., Calls can drop.]
steps:
  - {{do: "Write down the mode of {{where}}.", where: every peer, {STEP}, done_when: {{fact: h323_mode, is: "on"}}}}
  - {{do: "Compare {{where}}.", where: every peer, {STEP}, done_when: {{fact: peer_list, equal: true}}}}
  - {{do: "Restart {{where}}.", where: every peer, {STEP}, done_when: {{not_while: cluster/restart-required}}}}
  - {{do: "Enforce on {{where}}.", where: the primary, {STEP}, done_when: {{rule: tls/verification-changed}}}}
  - {{do: "Tell {{where}} apart.", where: the other peers, {STEP}, when: {{role: primary}}}}
"""


def library(folder: Path, **procedures: str) -> Library:
    """The shipped library with procedures of one's own."""
    place = folder / "own" / "procedures"
    place.mkdir(parents=True, exist_ok=True)
    for name, content in {"move-a-cluster": PLANNED, **procedures}.items():
        (place / f"{name}.yaml").write_text(content)
    return load([folder / "own"])


def dump(peer: str, *peers: str, mode: str = "On") -> str:
    lines = [f"*c xConfiguration H323 Mode: {mode}", f'*c xConfiguration IP DNS Hostname: "{peer}"']
    lines += [f'*c xConfiguration Alternates Peer {n} Address: "{one}"' for n, one in enumerate(peers, 1)]
    return "\n".join(lines) + "\n"


DUMPS = {f"xconf_{peer}": dump(peer, "expa01", "expa02") for peer in ("expa01", "expa02")}


def alarm(event: str, minute: int, peer: str) -> str:
    return (
        f'2024-03-05T09:{minute:02d}:00.524+00:00 {peer} alarm: Event="Alarm {event}" Id="20007" '
        'UUID="e2b8e3d1-b731-4d7d-b606-4682a8f0c2e6" Severity="warning" Detail="Restart required: Cluster '
        'configuration has been changed, however a restart is required for this to take effect" '
        f'UTCTime="2024-03-05 09:{minute:02d}:00,524"\n'
    )


def progress(library: Library, **logs: str) -> list[dict[str, str] | None]:
    """What the evidence shows of each step of `move-a-cluster`; logs by the names of their files."""
    case = Case(name="a", logs={f"{name}.txt": text for name, text in logs.items()}, expect=[])
    examined = examine_clusters(tables_of(files_of(case)), library)
    [cluster] = page_of("move-a-cluster", library, examined).clusters
    return [step.progress for step in cluster.steps]


# ── the list, and names ─────────────────────────────────────────────────────────────────────


def test_without_a_name_all_are_listed_planned_work_first(run: Run, tmp_path: Path) -> None:
    own = library(tmp_path)
    done = run("procedures", "--rules", tmp_path / "own")
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "Planned work"
    first = lines.index("Repairs")
    names = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    assert {name for name, _ in names} == set(own.procedures)
    assert ["move-a-cluster", "Move a cluster"] in names[: first - 1]


def test_one_has_preconditions_steps_with_roles_and_references(run: Run, tmp_path: Path) -> None:
    library(tmp_path)
    done = run("procedures", "move-a-cluster", "--rules", tmp_path / "own")
    assert done.stdout.decode().splitlines()[:8] == [
        "Move a cluster",
        "move-a-cluster",
        "",
        "Before you begin",
        "- Everybody knows.",
        "- Calls can drop.",
        "",
        "Steps",
    ]
    shown = done.stdout.decode()
    assert "1. Where: every peer (change)\n   Write down the mode of every peer.\n" in shown
    assert "4. Where: the configuration primary (change)\n" in shown
    assert "   Only if: the configuration primary reports it\n" in shown
    assert "References\n- document: logs\n" in shown
    assert "Evidence" not in shown


def test_rules_show_knows_procedures(run: Run) -> None:
    shown = run("rules", "show", "procedures/bring-a-peer-back")
    assert shown.stdout == run("procedures", "bring-a-peer-back").stdout
    wrong = run("rules", "show", "procedures/bring-a-peer-bak")
    assert wrong.returncode == 2
    assert b"did you mean 'procedures/bring-a-peer-back'?" in wrong.stderr


@pytest.mark.parametrize("name", ["bring-a-peer-bak", "bring-\x1b[2Ja-peer-back"])
def test_an_unknown_name_is_2_and_names_the_nearest(name: str, run: Run, samples: Path) -> None:
    done = run("procedures", name, samples / "peer-lost")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"did you mean one of these? bring-a-peer-back, " in done.stderr
    assert b"\x1b" not in done.stderr


def test_every_procedure_is_shown_with_every_field(run: Run) -> None:
    for name, procedure in load().procedures.items():
        shown = views.to_text([page_of(name, load())], color=False, width=10_000)
        assert procedure.title in shown
        for step in procedure.steps:
            for text in (step.command, step.verify, step.wait):
                assert not text or "{" in text or " ".join(text.split()) in " ".join(shown.split())


def test_the_page_in_the_documentation_is_current(golden: Callable[[str, str], None]) -> None:
    names = sorted(load().procedures, key=lambda name: (load().procedures[name].kind, name))
    pages = [page_of(name, load()) for name in names]
    golden("../../docs/procedures.md", views.to_markdown(pages, "en"))


# ── with evidence ───────────────────────────────────────────────────────────────────────────


def test_a_repair_names_the_peers_of_the_open_finding(run: Run, samples: Path) -> None:
    shown = run("procedures", "bring-a-peer-back", samples / "peer-lost").stdout.decode()
    assert "Steps for expc01 and expc02\nThese findings call for it: The database of expc01 lost" in shown
    assert "1. On expc02 (change)\n   Bring expc02 back: " in shown
    assert "2. On expc01, expc02 (read only)\n" in shown
    assert "the peer it is about" not in shown


def test_a_repair_that_no_finding_calls_for_says_so(run: Run, samples: Path) -> None:
    shown = run("procedures", "bring-a-peer-back", samples / "tls-enforcement").stdout.decode()
    assert "No open finding calls for it." in shown
    assert "1. Where: the peer it is about (change)\n" in shown
    assert "2. On expc01, expc02 (read only)\n" in shown


def test_two_clusters_have_their_own_steps(run: Run, samples: Path, tmp_path: Path) -> None:
    shown = run("procedures", "bring-a-peer-back", samples / "core-and-edge", "-o", "x.json")
    assert shown.returncode == 0
    [page] = json.loads((tmp_path / "x.json").read_text())["procedures"]
    assert len(page["clusters"]) == 2
    for cluster in page["clusters"]:
        named = {peer for step in cluster["steps"] for peer in step["where"]}
        assert named <= set(cluster["peers"])
        assert named


def test_facts_of_dumps_show_what_is_done(tmp_path: Path) -> None:
    own = library(tmp_path)
    mode, peers, *_ = progress(
        own, **DUMPS | {"xconf_expa02": dump("expa02", "expa01", "expa02", mode="Off")}
    )
    assert mode == {"expa01": "done", "expa02": "not_done"}
    assert peers == {"expa01": "done", "expa02": "done"}
    _, peers, *_ = progress(own, **DUMPS | {"xconf_expa02": dump("expa02", "expa02", "expa01")})
    assert peers == {"expa01": "not_done", "expa02": "not_done"}
    # A peer without a dump: nobody knows whether the lists are equal.
    mode, peers, *_ = progress(own, xconf_expa01=DUMPS["xconf_expa01"])
    assert mode == {"expa01": "done", "expa02": "unknown"}
    assert peers == {"expa01": "unknown", "expa02": "unknown"}


def test_of_unequal_edits_those_who_made_them_are_done(tmp_path: Path) -> None:
    """The new peer was entered on one of two peers."""
    own = library(tmp_path, **{"move-a-cluster": PLANNED.replace("fact: peer_list", "fact: edited_settings")})
    edit = (
        '2024-03-05T09:00:00.000+00:00 {peer} httpd[7]: web: Event="System Configuration Changed" '
        "Detail=\"configuration/cluster/peer_3_address - changed from: '' to: 'expa03'\" "
        'User="admin" UTCTime="2024-03-05 09:00:00"\n'
    )
    later = '2024-03-05T09:30:00.000+00:00 {peer} tvcs: Event="x" UTCTime="2024-03-05 09:30:00,000"\n'
    first, second = ((edit + later).replace("{peer}", peer) for peer in ("expa01", "expa02"))
    half = progress(own, expa01=first, expa02=later.replace("{peer}", "expa02"), **DUMPS)[1]
    assert half == {"expa01": "done", "expa02": "not_done"}
    assert progress(own, **DUMPS)[1] == {"expa01": "unknown", "expa02": "unknown"}
    whole = progress(own, expa01=first, expa02=second, **DUMPS)[1]
    assert whole == {"expa01": "done", "expa02": "done"}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("Raised", 0)], "not_done"),
        ([("Raised", 0), ("Lowered", 1)], "done"),
        ([("Raised", 0), ("Lowered", 1), ("Raised", 2)], "not_done"),
        ([], "unknown"),
    ],
)
def test_a_rule_that_is_open_is_not_done(
    events: list[tuple[str, int]], expected: str, tmp_path: Path
) -> None:
    log = "".join(alarm(event, minute, "expa01") for event, minute in events)
    restart = progress(library(tmp_path), expa01=log + "\n", **DUMPS)[2]
    assert restart == {"expa01": expected, "expa02": "unknown"}


def test_a_rule_that_fired_is_done_and_silence_shows_nothing(tmp_path: Path) -> None:
    own = library(tmp_path, **{"move-a-cluster": PLANNED.replace("where: the primary", "where: every peer")})
    edit = (
        '2024-03-05T09:00:00.000+00:00 expa01 httpd[7]: web: Event="System Configuration Changed" User="admin" '
        "Detail=\"configuration/cluster/tls_verify - changed from: 'Permissive' to: 'Enforcing'\" "
        'UTCTime="2024-03-05 09:00:00"\n'
    )
    assert progress(own, expa01=edit, **DUMPS)[3] == {"expa01": "done", "expa02": "unknown"}


OPEN_SINCE = alarm("Raised", 0, "expa01")
OVER = alarm("Raised", 0, "expa01") + alarm("Lowered", 1, "expa01")


@pytest.mark.parametrize(
    ("written", "log", "expected"),
    [
        ("{fact: peer_list, present: true}", "", {"expa01": "done", "expa02": "done"}),
        ("{fact: log, present: true}", OVER, {"expa01": "done", "expa02": "not_done"}),
        ('{fact: peer_list, re: "^expa"}', "", {"expa01": "done", "expa02": "done"}),
        ('{fact: peer_list, re: "1$"}', "", {"expa01": "not_done", "expa02": "not_done"}),
        # A sign that it is not done outweighs the others; without the flag only signs of that peer count.
        (
            "{fact: h323_mode, is: 'on', not_while: cluster/restart-required}",
            OPEN_SINCE,
            {"expa01": "not_done", "expa02": "done"},
        ),
        (
            "{fact: h323_mode, is: 'on', not_while: cluster/restart-required, on: cluster}",
            OPEN_SINCE,
            {"expa01": "not_done", "expa02": "not_done"},
        ),
        # What was so before the work says nothing about a step after it.
        (
            "{not_while: cluster/restart-required, after: system/clustering-edited}",
            OVER,
            {"expa01": "unknown", "expa02": "unknown"},
        ),
        (
            "{fact: h323_mode, is: 'on', after: cluster/restart-required}",
            OVER,
            {"expa01": "done", "expa02": "done"},
        ),
        (
            "{rule: cluster/restart-required, values: {peer: x}}",
            OVER,
            {"expa01": "unknown", "expa02": "unknown"},
        ),
    ],
)
def test_signs_that_a_step_is_done(written: str, log: str, expected: dict[str, str], tmp_path: Path) -> None:
    own = library(tmp_path, **{"move-a-cluster": PLANNED.replace("{fact: peer_list, equal: true}", written)})
    logs = {"expa01": log} if log else {}
    assert progress(own, **logs, **DUMPS)[1] == expected


def test_a_pending_factory_reset_comes_before_every_outage(tmp_path: Path) -> None:
    restart = PLANNED.replace("risk: change", "risk: outage")
    own = library(tmp_path, **{"move-a-cluster": restart})
    rule = own.rules["factory-reset/pending"]
    examined = examine_clusters(tables_of(files_of(next(case for case in rule.cases if case.expect))), own)
    [cluster] = page_of("move-a-cluster", own, examined).clusters
    assert "outage" not in {step.risk for step in cluster.steps}
    assert cluster.steps


# ── outputs ─────────────────────────────────────────────────────────────────────────────────


def test_several_outputs_in_one_run(run: Run, samples: Path, tmp_path: Path) -> None:
    done = run(
        "procedures",
        "bring-a-peer-back",
        samples / "peer-lost",
        *["-o", "x.md", "-o", "x.html", "-o", "x.json"],
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().splitlines() == ["wrote x.md", "wrote x.html", "wrote x.json"]
    title = load().procedures["bring-a-peer-back"].title
    assert (tmp_path / "x.md").read_text().startswith(f"# {title}\n")
    page = (tmp_path / "x.html").read_text()
    assert page.startswith("<!doctype html>")
    assert f"<title>{title}</title>" in page
    assert "default-src 'none'" in page
    found = json.loads((tmp_path / "x.json").read_text())
    assert (found["schema"], found["language"]) == ("logdiag.procedures/1", "en")
    [[cluster]] = [one["clusters"] for one in found["procedures"]]
    assert cluster["peers"] == ["expc01", "expc02"]
    assert cluster["steps"][0]["progress"] == {"expc02": "unknown"}


def test_all_procedures_go_into_one_file(run: Run, tmp_path: Path) -> None:
    assert run("procedures", "-o", "x.json", "-o", "x.html").returncode == 0
    pages = json.loads((tmp_path / "x.json").read_text())["procedures"]
    assert {page["name"] for page in pages} == set(load().procedures)
    assert {page["kind"] for page in pages} <= {"planned", "repair"}
    assert all(
        step["progress"] is None for page in pages for one in page["clusters"] for step in one["steps"]
    )


def test_a_wrong_output_or_input_is_2(run: Run, samples: Path) -> None:
    assert run("procedures", "bring-a-peer-back", "-o", "x.sarif").returncode == 2
    assert run("procedures", "bring-a-peer-back", "missing").returncode == 2
    sample = samples / "peer-lost"
    assert run("procedures", "bring-a-peer-back", sample, "-o", sample / "x.md").returncode == 2


def test_an_input_without_records_is_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("no record\n")
    assert run("procedures", "bring-a-peer-back", "x.log").returncode == 4


HOSTILE = [
    "<script>alert(1)</script>",
    "`x`![y](http://evil.example/z)",
    "a\x1b[2Jb",
    "\u202egnihton",
    "@admin",
]


def test_names_of_peers_are_inert_in_every_output(run: Run, tmp_path: Path) -> None:
    content = dump("expa01", "expa01", *HOSTILE)
    (tmp_path / "xconf_expa01.txt").write_text(content, encoding="utf-8")
    words = ["procedures", "bring-a-peer-back", "xconf_expa01.txt"]
    shown = run(*words).stdout.decode()
    assert "<script>alert(1)</script>" in shown
    assert not {"\x1b", "\u202e"} & {*shown}
    assert run(*words, "-o", "x.html", "-o", "x.md", "-o", "x.json").returncode == 0
    page, text = ((tmp_path / f"x.{kind}").read_text(encoding="utf-8") for kind in ("html", "md"))
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for output in (page, text):
        assert not {"\x1b", "\u202e"} & {*output}
    assert not re.search(r"(?<![`\\\w])(<script|!\[y\]|@admin)", text)
    named: Any = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["procedures"][0]["clusters"]
    assert HOSTILE[0] in {peer for one in named for peer in one["peers"]}


def test_what_destroys_data_has_no_copy_button_and_a_warning() -> None:
    name = "recover-a-failed-database"
    steps = [step for step in load().procedures[name].steps if step.risk == "destructive" and step.command]
    assert steps
    page = views.to_html([page_of(name, load())], "en")
    [_, *blocks] = page.split('<div class="command never">')
    assert len(blocks) == len(steps)
    assert all("button" not in block.partition("</div>")[0] for block in blocks)
    shown = views.to_text([page_of(name, load())], color=False, width=200)
    assert shown.count("This step destroys data") == sum(
        step.risk == "destructive" for step in load().procedures[name].steps
    )
    assert all(str(step.command) not in views.to_markdown([page_of(name, load())], "en") for step in steps)


# ── the library ─────────────────────────────────────────────────────────────────────────────


def test_planned_work_needs_no_rule_and_a_repair_does(tmp_path: Path) -> None:
    assert list(lint(library(tmp_path))) == []
    repair = PLANNED.replace("kind: planned", "kind: repair")
    complaints = list(lint(library(tmp_path, **{"move-a-cluster": repair})))
    assert complaints == ["procedures/move-a-cluster: no rule uses this procedure"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{fact: h323_mod, equal: true}", "unknown fact 'h323_mod'; did you mean 'h323_mode'?"),
        (
            "{rule: database/peer-dawn}",
            "unknown rule 'database/peer-dawn'; did you mean 'database/peer-down'?",
        ),
        ("{not_while: tls/x}", "unknown rule 'tls/x'"),
        ("{fact: h323_mode}", "a fact has one of is, re, equal and present"),
        ("{fact: h323_mode, is: a, equal: true}", "a fact has one of is, re, equal and present"),
        ("{rule: database/peer-down, equal: true}", "a rule has none"),
        ("{fact: h323_mode, re: '('}", "no regular expression"),
        ("{}", "done_when has fact, rule or not_while"),
    ],
)
def test_mistakes_in_done_when(written: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(LibraryError) as caught:
        library(tmp_path, **{"move-a-cluster": PLANNED.replace("{fact: peer_list, equal: true}", written)})
    assert said in str(caught.value.mistakes[0].message)
    assert caught.value.mistakes[0].line == 7


def test_a_precondition_has_no_placeholders(tmp_path: Path) -> None:
    with pytest.raises(LibraryError) as caught:
        library(tmp_path, **{"move-a-cluster": PLANNED.replace("Everybody knows.", "'{where} knows.'")})
    assert "{where} is bound by nothing" in caught.value.mistakes[0].message


def test_a_primary_that_is_changed_on_one_peer_only_is_not_accepted_yet(tmp_path: Path) -> None:
    """All peers still name the old one in their cycles, which is no sign that they accepted the new one."""
    rule = load().rules["incident/change-unfinished"]
    case = next(one for one in rule.cases if one.name.startswith("the primary is changed on one of two"))
    examined = examine_clusters(tables_of(files_of(case)), load())
    [cluster] = page_of("change-the-primary", load(), examined).clusters
    accepted = next(step for step in cluster.steps if step.do.startswith("Wait, then load"))
    assert "done" not in (accepted.progress or {}).values()
