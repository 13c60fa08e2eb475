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
from logdiag.batch.since import News, Since
from logdiag.compare.diff import Outcome
from logdiag.i18n import speaking
from logdiag.model import Severity
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
        since=datetime(2024, 3, 5, 9, tzinfo=UTC) if number % 2 and levels[number % 6] else None,
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


def html(
    given: list[Row], beside: tuple[str, ...] = (), language: str = "en", since: Since | None = None
) -> str:
    with speaking(language):
        return index.render(given, beside, in_language(load(), language), since)


def news(attack: str = "") -> Since:
    """Clusters of `rows` of which two have news, one has too much, and one has no earlier diagnosis."""
    lines: tuple[tuple[Outcome, Severity, str], ...]
    lines = (("opened", "critical", f"expa02 was lost{attack}"), ("worse", "low", f"a key{attack}"))
    found = {f"site{number}{attack}": News(0, 0, 0, (), 0) for number in range(13)}
    found[f"site5{attack}"] = News(2, 0, 0, lines[1:], 0)
    found[f"site8{attack}"] = News(7, 1, 0, lines, 4)
    return Since(f"yesterday{attack}", found, (f"gone{attack}",))


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
    since = news() if scheme == "dark" else None
    file = put(tmp_path / "index.html", html(rows(), ("fleet/README.md",), language, since))
    with opened(browser, file, scheme=scheme) as (page, noticed):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.lang") == language
        page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        assert [
            (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
            for one in found.response["violations"]
        ] == []
        assert noticed == []
    for width in (1280, 390):
        with opened(browser, file, width=width) as (page, _):
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            # The first cluster, and the search before it, are on the first screen.
            for selector in ("h1", "#search", "#clusters li"):
                box = page.locator(selector).first.bounding_box()
                assert box is not None
                assert box["y"] + box["height"] <= 844, (selector, width)


def test_hostile_names_do_nothing_and_are_shown(browser: Browser, tmp_path: Path) -> None:
    attack = " ".join(HOSTILE)
    text = html(rows(attack), (f"fleet/{attack}",), since=news(attack))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    with opened(browser, put(tmp_path / "index.html", text)) as (page, noticed):
        assert noticed == []
        assert page.evaluate("typeof pwned") == "undefined"
        assert page.locator("script").count() == 1
        assert page.locator("img").count() == 0
        assert "<script>pwned=1</script>" in page.locator("#clusters li").first.inner_text()
        links = page.locator("main a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        # They lead into the page, or to a report below it: nothing in a name ends its folder's.
        assert all(re.fullmatch(r"#\w+|clusters/[\w.%~-]+/report\.html", link) for link in links)


def test_the_search_leaves_the_rows_that_hold_every_word(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, put(tmp_path / "index.html", html(rows()))) as (page, noticed):
        shown = page.locator("#clusters li:visible .where")
        everything = shown.all_inner_texts()
        assert len(everything) == 14
        field = page.get_by_label("Search", exact=True)
        field.fill("SITE3 expa3")
        assert shown.all_inner_texts() == ["fleet/site3"]
        assert page.locator(".tools output").inner_text() == "1 of 14 are shown"
        field.fill("only/here7")  # the rules that fired are found too
        assert shown.all_inner_texts() == ["fleet/site7"]
        field.fill("high")
        assert shown.all_inner_texts() == ["fleet/site1", "fleet/site13", "fleet/site7"]
        field.fill("no such thing")
        assert shown.count() == 0
        field.fill("")
        assert shown.all_inner_texts() == everything
        for level in ("critical", "low", "without incidents"):
            page.get_by_label(level, exact=True).uncheck()
        assert {one.split("site")[1] for one in shown.all_inner_texts()} == {
            "1",
            "2",
            "4",
            "7",
            "8",
            "10",
            "13",
        }
        field.fill("site1")
        assert page.locator(".tools output").inner_text() == "3 of 14 are shown"
        assert noticed == []


def test_without_scripts_all_is_there_but_the_search(browser: Browser, tmp_path: Path) -> None:
    file = put(tmp_path / "index.html", html(rows()))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#clusters li:visible").count() == 14
    assert not page.locator("#search").is_visible()
    context.close()


def test_the_worst_come_first_and_what_is_common_is_told(tmp_path: Path) -> None:
    given = [*rows(), row(20)]
    text = html(given)
    severities = re.findall(r'<li data-row="[^"]*" data-level="(\w*)">', text)
    assert len(severities) == 15
    order = ["critical", "high", "medium", "low", "info", ""]
    assert [order.index(one) for one in severities] == sorted(order.index(one) for one in severities)
    common = text[text.index('id="common"') : text.index('id="versions"')]
    assert "database/peer-down" in common
    assert "The database of … lost the connection to …" in common
    assert "only/here" not in common
    assert "and 3 more" in common
    bad = text[text.index('id="bad"') :]
    assert re.findall(r"fleet/(\w+)", bad) == ["site4", "site9", "broken"]
    assert "clusters/broken" not in text


def test_clusters_with_news_come_first_then_those_that_are_new(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, put(tmp_path / "index.html", html(rows(), since=news()))) as (page, noticed):
        assert page.locator("h1").inner_text() == "2 clusters have new or worse findings since yesterday"
        verdict = page.locator("#verdict").inner_text()
        assert "9 new, 1 worse" in verdict
        assert "1 cluster of yesterday is not in this batch: gone" in verdict
        headings = page.locator("#clusters h3").all_inner_texts()
        assert headings == [
            "New or worse (2)",
            "Without an earlier diagnosis (1)",
            "Nothing new or worse (11)",
        ]
        order = [one.removeprefix("fleet/site") for one in page.locator("#clusters .where").all_inner_texts()]
        assert order[:3] == ["8", "5", "13"]
        told = page.locator("#clusters .news").first.locator("li").all_inner_texts()
        assert told == ["New Critical expa02 was lost", "Worse Low a key", "and 4 more"]
        assert noticed == []
    quiet = Since("yesterday", {f"site{number}": News(0, 0, 0, (), 0) for number in range(14)})
    text = html(rows(), since=quiet)
    assert "No cluster has new or worse findings since yesterday" in text
    assert "New or worse (" not in text


def test_a_fleet_of_very_many_makes_a_page_that_can_still_be_opened() -> None:
    files = tuple(f"fleet/{number}.txt" for number in range(index.MAX_CLUSTERS + 3))
    text = html([row(number) for number in range(index.MAX_CLUSTERS + 7)], files)
    assert text.count("<li data-row") == index.MAX_CLUSTERS
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
