"""The page of a difference in a real browser: for everyone, on any screen, and inert whatever the logs say."""

import re
from pathlib import Path

import pytest
import sample
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from logdiag.compare.diff import Difference, compare
from logdiag.compare.diff_views import MAX_IN_DOCUMENT, to_html
from logdiag.model import Diagnosis
from logdiag.pipeline import diagnose

SAMPLES = Path(__file__).parents[2] / "sample_logs"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def of_samples(*names: str) -> Diagnosis:
    return diagnose([SAMPLES / name for name in names]).diagnosis


def opened(browser: Browser, file: Path, width: int, scheme: str = "light") -> tuple[Page, list[str]]:
    """The page, and whatever it did beside being shown."""
    page = browser.new_page(
        viewport={"width": width, "height": 844}, color_scheme="dark" if scheme == "dark" else "light"
    )
    noticed: list[str] = []
    page.on("console", lambda message: noticed.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noticed.append(f"error: {error}"))
    page.on("request", lambda made: noticed.append(made.url) if made.url != file.as_uri() else None)
    page.goto(file.as_uri())
    return page, noticed


def file_of(difference: Difference, folder: Path) -> Path:
    file = folder / "diff.html"
    file.write_text(to_html(difference), encoding="utf-8")
    return file


def test_news_and_the_first_step_stand_in_the_first_screenful(browser: Browser, tmp_path: Path) -> None:
    difference = compare(of_samples("peer-lost"), of_samples("peer-lost", "tls-enforcement"))
    file = file_of(difference, tmp_path)
    for width, first in ((1280, "#actions .action"), (390, "a[href='#actions']")):
        page, noticed = opened(browser, file, width)
        for selector in ("h1", "#opened li", first):
            box = page.locator(selector).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 844, (selector, width)
        page.locator("#actions a").first.click()
        assert page.locator("#opened li:target").count() == 1
        page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert noticed == []
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anyone_from_reading_it(browser: Browser, tmp_path: Path, scheme: str) -> None:
    page, _ = opened(browser, file_of(compare(sample.calm(), sample.sample()), tmp_path), 1280, scheme)
    page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    violations = found.response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in violations] == []
    page.close()


def test_a_part_of_an_older_incident_that_is_new_is_open_and_all_is_printed(
    browser: Browser, tmp_path: Path
) -> None:
    newer = of_samples("peer-lost")
    older = Diagnosis(**{**vars(newer), "findings": newer.findings[1:]})
    page, _ = opened(browser, file_of(compare(older, newer), tmp_path), 1280)
    assert page.locator("#opened .below").is_visible()
    assert not page.locator("#went_on .below").first.is_visible()
    page.emulate_media(media="print")
    assert all(one.is_visible() for one in page.locator(".below").all())
    page.close()


@pytest.mark.parametrize("reverse", [False, True])
def test_hostile_values_do_nothing_and_are_shown(browser: Browser, tmp_path: Path, reverse: bool) -> None:
    hostile = sample.attacked(sample.sample(), " ".join(sample.HOSTILE))
    older, newer = (hostile, sample.calm()) if reverse else (sample.calm(), hostile)
    file = file_of(compare(older, newer), tmp_path)
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "script-src" not in text
    for width in (1280, 390):
        page, noticed = opened(browser, file, width)
        assert noticed == []
        assert page.evaluate("typeof pwned") == "undefined"
        assert page.locator("script, img, svg").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shown = page.locator("main").inner_text()
        assert "<script>pwned=1;alert(1)</script>" in shown
        links = page.locator("main a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert all(re.fullmatch(r"#actions|#incident-\d+", link) for link in links)
        page.close()


def test_very_many_findings_make_a_page_that_can_still_be_opened() -> None:
    one = sample.sample()
    many = tuple(
        type(one.findings[0])(**{**vars(one.findings[0]), "id": f"x{number}@1"}) for number in range(5000)
    )
    text = to_html(compare(sample.empty(), Diagnosis(**{**vars(one), "findings": many})))
    assert text.count('class="line"') == MAX_IN_DOCUMENT
    assert "4,800 more findings" in text
