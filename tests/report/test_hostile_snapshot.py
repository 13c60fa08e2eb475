"""A snapshot in which a stranger wrote everything that a stranger can write, through every output."""

import csv
import json
import re
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from playwright.sync_api import Browser
from sample import HOSTILE
from sarif_kit.validate import validation_errors

from logdiag import diagnose
from logdiag.files.resources import folder
from logdiag.model import Diagnosis
from logdiag.outputs import Report

MARK = "=cmd|' /C calc'!A0"
ATTACKS = [
    "<script>pwned=1</script>",
    "<img src=x onerror=pwned=1>",
    "'><svg onload=pwned=1>",
    "</script></style></title></svg>",
    "javascript:pwned=1",
    "{{7*7}}{%print(7*7)%}",
    "[x](javascript:pwned=1)",
    "![x](http://evil.example/x.png)",
    "`` ` ```\n# heading\n```",
    "\u202egnihton\u2066",
    "\x1b[31mred\x1b]0;title\x07",
    "%(n)s %s {0} {hosts}",
    MARK,
]
TABLE = (folder("rules") / "references.csv").read_text(encoding="utf-8")
VENDOR = {row["url"] for row in csv.DictReader(TABLE.splitlines())}
INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def log(host: str) -> str:
    """Losses, alarms, edits and messages, every value of them hostile."""
    lines = []
    for number, attack in enumerate(word.replace("\n", " ") for word in ATTACKS):
        time, clock = f"2024-03-05T09:{number:02d}:00.100+00:00", f"2024-03-05 09:{number:02d}:00,100"
        attack = attack.replace('"', "'")
        lines += [
            f'{time} {host} UTCTime="{clock}" Module="developer.clusterdb.cdb" Level="INFO" '
            f'Node="clusterdb@{host}" PID="{attack}" '
            f'Detail="Processed mnesia_down event from accessible node" Node="clusterdb@{attack}"',
            f'{time} {host} alarm: Level="WARN" Event="Alarm Raised" Id="2000{number % 8}" Severity="{attack}" '
            f'Detail="{attack}" UTCTime="{clock}"',
            f'{time} {host} alarm: Level="WARN" Event="Alarm Raised" Id="{attack}" UUID="{attack}" '
            f'Detail="{attack}" UTCTime="{clock}"',
            f'{time} {host} httpd[1]: web: Event="System Configuration Changed" Node="{attack}" PID="{attack}" '
            f'Detail="configuration/{attack} - Changed" user="{attack}" Src-ip="{attack}" Level="1"',
            f'{time} {host} tvcs: UTCTime="{clock}" Module="network.sip" Level="DEBUG": Detail="{attack}"',
            f" SIPMSG:\n |INVITE sip:{attack} SIP/2.0\n From: {attack}\n \n |",
            f'{time} {host} {attack}: Event="{attack}" {attack}="{attack}" Reason="noproc {attack}"',
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("given")
    for number, attack in enumerate(ATTACKS):
        name = attack.replace("/", "\u2215").replace("\n", " ")
        place = folder / f"{number} {name}"
        place.mkdir()
        (place / f"{name}.log").write_text(log(f"exp{number:02d}"), encoding="utf-8")
        (place / f"{name}.txt").write_text(
            f'*c xConfiguration SystemUnit Name: "{attack}"\n'
            f'*c xConfiguration Alternates Cluster Name: "{attack}"\n'
            f'*c xConfiguration Alternates Peer 1 Address: "{attack}"\n'
            f'*c xConfiguration {attack}: "{attack}"\n',
            encoding="utf-8",
        )
        (place / f"{name}.bin").write_bytes(bytes(range(256)))
    word = folder / "a word"
    word.mkdir()
    (word / "long.log").write_text(log("exp99").replace("red", "W" * 1_000_000, 1), encoding="utf-8")
    return diagnose(sorted(folder.iterdir()))


def test_much_is_found_in_it(report: Report) -> None:
    found: Diagnosis = report.diagnosis
    assert len(found.findings) > 50
    assert found.incidents
    assert len(found.changes) > 0
    assert len(HOSTILE) > 10


def test_in_the_page_nothing_runs_nothing_leaves_and_all_can_be_read(
    report: Report, browser: Browser, tmp_path: Path
) -> None:
    page_text = report.to_html()
    assert len(page_text.encode()) < 3_000_000
    assert not INVISIBLE.search(page_text)
    file = tmp_path / "report.html"
    file.write_text(page_text, encoding="utf-8")
    noticed: list[str] = []
    for width in (1280, 390):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.on("console", lambda message: noticed.append(message.text))
        page.on("pageerror", lambda error: noticed.append(str(error)))
        page.on("dialog", lambda dialog: (noticed.append("dialog"), dialog.dismiss()))
        page.on("request", lambda made: noticed.append(made.url) if made.url != file.as_uri() else None)
        page.goto(file.as_uri())
        page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
        for mark in page.locator("#chart a.event").all()[:5]:
            mark.hover(force=True)
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(50)
        assert noticed == []
        assert page.evaluate("typeof pwned") == "undefined"
        assert page.evaluate("document.images.length") == 0
        links = page.evaluate("[...document.links].map((a) => [a.getAttribute('href'), a.rel])")
        assert all(to[0] == "#" or (to in VENDOR and rel == "noopener noreferrer") for to, rel in links)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shown = page.locator("body").inner_text()
        for attack in ("<script>pwned=1</script>", "{{7*7}}{%print(7*7)%}", "%(n)s %s {0} {hosts}", MARK):
            assert attack in shown
        assert "\\x1b[31mred" in shown and "⟦RLO⟧" in shown
        context.close()


@pytest.mark.parametrize("color", [False, True])
def test_on_a_terminal_nothing_is_obeyed(report: Report, color: bool) -> None:
    shown = report.to_text(color=color, width=100)
    own = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert not INVISIBLE.search(own.replace("\n", ""))
    assert "<script>" in own or "<img" in own


def test_the_findings_file_says_it_as_it_was(report: Report) -> None:
    told = json.loads(report.to_json())
    texts = json.dumps(told, ensure_ascii=False)
    assert "\u202egnihton" in texts
    assert all(isinstance(one["title"], str) for one in told["findings"])


def test_what_ci_gets_of_it_is_valid_and_holds_no_command(report: Report) -> None:
    suites = fromstring(report.to_junit())
    assert int(suites.get("failures", "0")) > 0
    sarif = report.to_sarif()
    assert not INVISIBLE.search(sarif.replace("\n", ""))
    assert validation_errors(json.loads(sarif)) == []
    annotations = report.to_annotations().splitlines()
    assert len(annotations) <= 3 * 11
    commands = re.compile(r"::(error|warning|notice) file=[^:,]*,line=\d+,title=[^:,]*::")
    assert not [line for line in annotations if not (commands.match(line) or line[0].isdigit())]
    assert len(report.to_step_summary(taken=1 << 19).encode()) <= 1 << 19


def test_a_table_of_it_holds_no_formula(report: Report, tmp_path: Path) -> None:
    from logdiag import parse
    from logdiag.tables.export import FORMATS

    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "a.log").write_text(log("exp01"), encoding="utf-8")
    FORMATS[".csv"](parse([folder]), tmp_path / "records.csv")
    with (tmp_path / "records.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(MARK in cell for cell in cells)
    assert not any(cell.startswith(("=", "@", "\t", "\r")) for cell in cells)
