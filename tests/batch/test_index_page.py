"""The index page in a real browser: for everyone, in both languages, and inert whatever the names are."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from clusters import cluster, put
from playwright.sync_api import Browser, Page

from logdiag.batch import page as index
from logdiag.batch.engines import Processes
from logdiag.batch.rows import Row
from logdiag.batch.run import batch
from logdiag.i18n import speaking
from logdiag.options import Options
from logdiag.rules.library import load
from logdiag.rules.translation import in_language

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOSTILE = (
    "<script>pwned=1</script>",
    '"><img src=x onerror="pwned=1">',
    "</script></style></title></textarea><script src=//evil.example/x.js></script>",
    "javascript:pwned=1",
    "{{7*7}}{% raw %}%(n)s {shown}",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnihton\u2066",
    "../../../etc/passwd?x=1#y%2e",
)


def row(number: int, attack: str = "") -> Row:
    """A cluster with as much about it as there can be, and ``attack`` in every text."""
    levels = ("critical", "high", "medium", "low", "info", None)
    bad = number % 5 == 4
    return Row(
        name=f"site{number}{attack}",
        label=f"fleet/site{number}{attack}",
        code=5 if bad else 0,
        reasons=(f"cut{attack}", f"damaged{attack}") if bad else (),
        verdict=f"expa01 was lost{attack}",
        severity=levels[number % 6],
        state="open" if levels[number % 6] else None,
        clusters=1 + number % 2,
        peers=(f"expa{number}{attack}", f"expb{number}{attack}"),
        more_peers=number % 3,
        versions={f"X14.{number % 3}{attack}": 2},
        first=datetime(2024, 3, 5, 9, tzinfo=UTC),
        last=datetime(2024, 3, 5 + number % 2, 10, tzinfo=UTC),
        incidents=number,
        findings=number,
        rules={f"database/peer-down{attack}": "high", f"only/here{number}": "low"},
        months={f"2024-{1 + number % 12:02d}": {"high": number, "low": 1}},
    )


def rows(attack: str = "") -> list[Row]:
    failed = Row(f"broken{attack}", f"fleet/broken{attack}", 5, (f"it failed{attack}",), has_report=False)
    return [*(row(number, attack) for number in range(14)), failed]


def html(given: list[Row], beside: tuple[str, ...] = (), language: str = "en") -> str:
    with speaking(language):
        return index.render(given, beside, in_language(load(), language))


@contextmanager
def opened(
    browser: Browser, file: Path, width: int = 1280, scheme: str = "light"
) -> Iterator[tuple[Page, list[str]]]:
    """The page, and whatever it did beside being shown."""
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    noticed: list[str] = []
    page.on("console", lambda message: noticed.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noticed.append(f"error: {error}"))
    page.on(
        "request", lambda made: noticed.append(f"request: {made.url}") if made.url != file.as_uri() else None
    )
    page.goto(file.as_uri())
    yield page, noticed
    context.close()


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ko", "dark")])
def test_nothing_keeps_anyone_from_reading_it(
    browser: Browser, tmp_path: Path, language: str, scheme: str
) -> None:
    file = put(tmp_path / "index.html", html(rows(), ("fleet/README.md",), language))
    with opened(browser, file, scheme=scheme) as (page, noticed):
        assert page.evaluate("document.documentElement.lang") == language
        page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        assert [
            (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
            for one in found.response["violations"]
        ] == []
        assert noticed == []
    with opened(browser, file, width=390) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_names_do_nothing_and_are_shown(browser: Browser, tmp_path: Path) -> None:
    attack = " ".join(HOSTILE)
    text = html(rows(attack), (f"fleet/{attack}",))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    with opened(browser, put(tmp_path / "index.html", text)) as (page, noticed):
        assert noticed == []
        assert page.evaluate("typeof pwned") == "undefined"
        assert page.locator("script").count() == 1
        assert page.locator("img").count() == 0
        assert "<script>pwned=1</script>" in page.locator("#clusters tbody tr").first.inner_text()
        links = page.locator("main a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        # They lead into the page, or to a report below it: nothing in a name ends its folder's.
        assert all(re.fullmatch(r"#\w+|clusters/[\w.%~-]+/report\.html", link) for link in links)


def test_the_search_leaves_the_rows_that_hold_every_word(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, put(tmp_path / "index.html", html(rows()))) as (page, noticed):
        shown = page.locator("#clusters tbody tr:visible .where")
        everything = shown.all_inner_texts()
        assert len(everything) == 14
        field = page.get_by_label("Show those with")
        field.fill("SITE3 expa3")
        assert shown.all_inner_texts() == ["fleet/site3"]
        assert page.locator("#clusters output").inner_text() == "1 of 14 are shown"
        field.fill("only/here7")  # the rules that fired are found too
        assert shown.all_inner_texts() == ["fleet/site7"]
        field.fill("high")
        assert shown.all_inner_texts() == ["fleet/site1", "fleet/site13", "fleet/site7"]
        field.fill("no such thing")
        assert shown.count() == 0
        field.fill("")
        assert shown.all_inner_texts() == everything
        assert noticed == []


def test_without_scripts_all_is_there_but_the_search(browser: Browser, tmp_path: Path) -> None:
    file = put(tmp_path / "index.html", html(rows()))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#clusters tbody tr:visible").count() == 14
    assert not page.locator("#search").is_visible()
    context.close()


def test_the_worst_come_first_and_what_is_common_is_told(tmp_path: Path) -> None:
    given = [*rows(), row(20)]
    text = html(given)
    severities = re.findall(r'<tr data-row="[^"]*">\s*<td[^>]*><span class="(?:severity )?(\w+)">', text)
    order = ["critical", "high", "medium", "low", "info", "soft"]
    assert [order.index(one) for one in severities] == sorted(order.index(one) for one in severities)
    common = text[text.index('id="common"') : text.index('id="versions"')]
    assert "database/peer-down" in common
    assert "The database of … lost the connection to …" in common
    assert "only/here" not in common
    assert "and 3 more" in common
    bad = text[text.index('id="bad"') :]
    assert re.findall(r"fleet/(\w+)", bad) == ["site4", "site9", "broken"]
    assert "clusters/broken" not in text


def test_a_fleet_of_very_many_makes_a_page_that_can_still_be_opened() -> None:
    files = tuple(f"fleet/{number}.txt" for number in range(index.MAX_CLUSTERS + 3))
    text = html([row(number) for number in range(index.MAX_CLUSTERS + 7)], files)
    assert text.count("<tr data-row") == index.MAX_CLUSTERS
    assert "fleet/4999.txt" in text
    assert "fleet/5000.txt" not in text
    assert "5,003 files next to the clusters were not read" in text
    assert '<p class="more">and 3 more</p>' in text
    assert "7 more are in the folder clusters." in text
    assert len(text) < 10_000_000


def test_links_lead_to_reports(browser: Browser, tmp_path: Path) -> None:
    for name in ("east", "서울 2"):
        cluster(tmp_path / "fleet" / name, "expa01", "expa02")
    assert batch([tmp_path / "fleet"], tmp_path / "out", Options(language="ko"), Processes(2)).code == 0
    with opened(browser, tmp_path / "out" / "index.html") as (page, _):
        links = page.locator("#clusters .where")
        assert links.all_inner_texts() == ["fleet/east", "fleet/서울 2"]
        links.nth(1).click()
        assert page.locator("#verdict h1").inner_text().startswith("expa0")
        assert page.evaluate("document.documentElement.lang") == "ko"
