"""Every sample's report in a real browser: for everyone, in both languages, on any screen and on paper."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from logdiag.options import Options
from logdiag.pipeline import diagnose

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"
NAMES = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
LANGUAGES = ["en", "ko"]
SIZES = {"wide": (1280, 800), "narrow": (390, 844)}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def html_of(name: str, language: str) -> str:
    return diagnose([SAMPLES / name], Options(language=language)).to_html()


@contextmanager
def opened(
    browser: Browser, folder: Path, name: str, language: str = "en", scheme: str = "light"
) -> Iterator[tuple[Page, list[str]]]:
    """The report on a sample, and whatever it did beside being shown."""
    file = folder / f"{name}-{language}.html"
    file.write_text(html_of(name, language), encoding="utf-8")
    width, height = SIZES["wide"]
    context = browser.new_context(
        viewport={"width": width, "height": height},
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


def resize(page: Page, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})


def unfold(page: Page) -> None:
    page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_report_fits_every_screen_and_paper_and_can_be_read_by_everyone(
    browser: Browser, tmp_path: Path, name: str, language: str
) -> None:
    """The script of a report reads no size when the page is loaded, so the page can be resized."""
    with opened(browser, tmp_path, name, language) as (page, noticed):
        for size, (_, height) in SIZES.items():
            resize(page, size)
            for selector in ("h1", "#actions .action:first-child, #actions h2 + p"):
                box = page.locator(selector).first.bounding_box()
                assert box is not None
                assert box["y"] + box["height"] <= height, (selector, size)
        unfold(page)
        for size in reversed(SIZES):
            resize(page, size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        assert page.evaluate("document.documentElement.lang") == language
        if language == "en":
            assert_readable(page)
        assert noticed == []
        if language == "en":
            assert_prints(page, name, "A4")


@pytest.mark.parametrize("name", ["peer-returns", "replication"])
def test_nothing_keeps_anyone_from_reading_it_in_the_dark(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    with opened(browser, tmp_path, name, "ko", "dark") as (page, _):
        unfold(page)
        assert_readable(page)


def test_it_prints_on_letter(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "peer-returns") as (page, _):
        assert_prints(page, "peer-returns", "Letter")


def assert_readable(page: Page) -> None:
    """Nothing keeps anyone from reading an unfolded page."""
    asked = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=asked)
    said = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found.response["violations"]
    ]
    assert said == []


def assert_prints(page: Page, name: str, paper: str) -> None:
    """A report needs few pages, and nothing on them is cut off."""
    printed = page.pdf(format=paper)
    assert printed.startswith(b"%PDF-")
    assert 1 <= printed.count(b"/Type /Page\n") <= (6 if name == "peer-lost" else 12)
    # As wide as the paper is between its margins.
    width = {"A4": 680, "Letter": 700}[paper]
    page.emulate_media(media="print")
    page.set_viewport_size({"width": width, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not any(one.is_visible() for one in page.locator(".tools, .zoom").all())


def places(marks: Locator) -> list[float]:
    return [box["x"] for mark in marks.all() if (box := mark.bounding_box()) is not None]


def test_the_timeline_zooms_moves_and_comes_back(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "peer-returns") as (page, noticed):
        marks = page.locator("#chart a.event")
        before, ticks = places(marks), page.locator("#chart .tick").all_inner_texts()
        page.get_by_role("button", name="Zoom in").click()
        nearer = places(marks)
        # The drawing is twice as wide: what was d apart is 2 d apart, whatever is still to be seen.
        assert len(nearer) >= 2
        assert nearer != before
        assert page.locator("#chart .tick").all_inner_texts() != ticks
        page.get_by_role("button", name="Later").click()
        assert places(marks) != nearer
        page.get_by_role("button", name="All").click()
        assert places(marks) == before
        assert page.locator("#chart .tick").all_inner_texts() == ticks
        assert noticed == []


def test_a_mark_says_what_it_is_and_leads_to_its_evidence(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "peer-returns") as (page, _):
        mark = page.locator("#chart a.event.high")
        assert "The database of expr01 lost the connection to expr02" in str(mark.get_attribute("aria-label"))
        tip = page.locator("#chart .tip")
        assert not tip.is_visible()
        mark.focus()
        assert "The database of expr01 lost the connection to expr02" in tip.inner_text()
        page.keyboard.press("Escape")
        assert not tip.is_visible()
        mark.press("Enter")
        target = page.locator(str(mark.get_attribute("href")))
        page.wait_for_function("(id) => document.getElementById(id).open", arg=target.get_attribute("id"))
        assert target.locator(".record").first.is_visible()


def test_severities_that_are_not_asked_for_go(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "peer-returns") as (page, _):
        page.locator("details:has(.events) > summary").click()
        rows = page.locator(".events tr[data-level=info], .waterfall li[data-level=info]")
        findings = page.locator("details.finding[data-level=info]")
        marks = page.locator("#chart a.event.info")
        assert rows.count() > 0 and marks.count() > 0 and findings.count() > 0
        page.get_by_label("info", exact=True).uncheck()
        assert not any(one.is_visible() for one in (*rows.all(), *marks.all(), *findings.all()))
        assert page.locator(".events tr[data-level=high]").first.is_visible()
        page.get_by_label("info", exact=True).check()
        assert all(one.is_visible() for one in (*rows.all(), *marks.all(), *findings.all()))


def test_everything_can_be_reached_by_keyboard_and_seen_there(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "peer-lost") as (page, _):
        reached = []
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    "(() => { const at = document.activeElement; const style = getComputedStyle(at);"
                    " return [at.tagName.toLowerCase(), style.outlineStyle !== 'none'"
                    " || at.type === 'checkbox', at.getBoundingClientRect().top + scrollY]; })()"
                )
            )
        assert {"a", "button", "input", "summary"} <= {name for name, _, _ in reached}
        assert all(seen for _, seen, _ in reached)


def test_a_record_can_be_copied(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "peer-lost") as (page, _):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("#findings summary").first.click()
        record = page.locator("#findings .record").first
        record.get_by_role("button", name="Copy").click()
        record.get_by_text("Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == record.locator("pre").inner_text()


def test_a_page_stays_small() -> None:
    for name in NAMES:
        for language in LANGUAGES:
            assert len(html_of(name, language).encode()) < 3_000_000
