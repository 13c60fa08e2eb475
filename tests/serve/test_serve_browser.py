"""The way of an engineer without a shell, in a real browser: drop, watch, read, download, compare, ask, delete."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FileChooser, Page
from web_server import FORKED, PEER, PRIMARY, SECONDS, Server, serving, small_logs

SIZES = {"wide": (1280, 800), "narrow": (390, 844)}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DROP = """([target, files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) { data.items.add(new File([text], name)); }
  for (const kind of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server for the tests that do not mind the cases of others."""
    with serving(**FORKED) as started:
        yield started


@contextmanager
def opened(
    browser: Browser, server: Server, size: str = "wide", **more: bool
) -> Iterator[tuple[Page, list[str]]]:
    """A page that has opened the newest link, and what it did that no page should do."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **more)
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    noticed: list[str] = []
    page.on("console", lambda message: noticed.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noticed.append(f"error: {error}"))
    page.on("request", lambda made: None if made.url.startswith(server.origin) else noticed.append(made.url))
    page.goto(server.link)
    page.wait_for_url(f"{server.origin}/")
    assert server.process.stderr is not None
    server.link = next(line for line in server.process.stderr if "token=" in line).split()[-1]
    yield page, noticed
    context.close()


def check(page: Page, server: Server, language: str) -> None:
    """Everybody can use the page: by its structure, its colours, its width."""
    found = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    )
    said = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found.response["violations"]
    ]
    assert said == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.evaluate("document.documentElement.lang") == language


@pytest.mark.parametrize(("language", "size"), [("en", "wide"), ("ko", "narrow")])
def test_from_the_drop_to_the_report_and_back(
    browser: Browser, tmp_path: Path, language: str, size: str
) -> None:
    with serving("--lang", language, **FORKED) as server, opened(browser, server, size) as (page, noticed):
        check(page, server, language)
        files = [[PRIMARY.name, PRIMARY.read_text()]]
        page.evaluate(DROP, [page.query_selector("[data-drop]"), files])
        page.locator(".chosen li").wait_for()
        page.fill("#case", "SR 699")
        page.click("form.upload button.main")
        page.wait_for_url("**/case/*")
        check(page, server, language)
        page.locator("iframe.report").wait_for(state="attached")
        first = page.url
        for summary in page.locator("details > summary").all():
            summary.click()
        check(page, server, language)
        page.locator("details").first.locator("summary").click()
        with page.expect_download() as download:
            page.click("a[href$='/download/findings']")
        assert b'"logdiag.findings/2"' in Path(download.value.path()).read_bytes()

        page.locator("details:has(form.upload) > summary").click()
        page.set_input_files("#files", str(PEER))
        page.click("form.upload button.main")
        page.wait_for_url(lambda url: "/case/" in url and url != first)
        page.locator("iframe.report").wait_for(state="attached")
        second = page.url
        page.click("a[href*='/compare']")
        page.frame_locator("iframe.report").locator("h1").wait_for()
        check(page, server, language)

        page.goto(f"{second}/ask")
        page.click("form button.main")
        page.locator(".answer").wait_for()
        check(page, server, language)
        page.goto(f"{second}/procedures")
        page.frame_locator("iframe.report").locator("h1").wait_for()
        check(page, server, language)
        page.goto(f"{server.origin}/search?q=SR")
        assert page.locator("tbody tr").count() == 2
        check(page, server, language)

        page.goto(f"{second}/report")
        assert page.locator("#verdict h1").is_visible()
        page.goto(second)
        page.locator("details:has(form[action$='/delete']) > summary").click()
        page.click("button.danger")
        page.wait_for_url(f"{server.origin}/")
        assert page.locator("tbody tr").count() == 1
        assert noticed == []


def test_text_is_pasted_and_the_short_form_copied(browser: Browser, server: Server) -> None:
    with opened(browser, server) as (page, _):
        page.click("form.upload button.main")
        page.locator(".problem:not(:empty)").wait_for()
        title, reason = page.locator(".problem").inner_text().split("\n")
        assert (title, reason[:30]) == ("The files could not be used", "No file and no text was given.")
        paste = "form.upload details:has(#text) > summary"
        page.click(paste)
        page.fill("#text", PRIMARY.read_text())
        page.click("form.upload button.main")
        page.wait_for_url("**/case/*")
        copy = page.frame_locator("iframe.report").locator("button.copy").first
        copy.click()
        copy.filter(has_text="Copied").wait_for()
        first = page.url
        page.click("details:has(form.upload) > summary")
        page.click(paste)
        page.fill("#text", PEER.read_text())
        page.click("form.upload button.main")
        page.wait_for_url(lambda url: "/case/" in url and url != first)
        page.click("a[href*='/compare']")
        page.frame_locator("iframe.report").locator("h1").wait_for()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, and check that the focus can be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(to) => document.activeElement.matches(to)", selector):
            shown = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(f"{shown} !== 'none'"), selector
            return
    raise AssertionError(selector)


def test_the_whole_way_by_the_keyboard_alone(browser: Browser, server: Server) -> None:
    with opened(browser, server) as (page, noticed):
        earlier = page.locator("tbody tr").count()
        chosen: list[FileChooser] = []
        page.on("filechooser", lambda one: chosen.append(one))  # before the key: it takes effect later
        tab_to(page, "#files")
        page.keyboard.press("Enter")
        while not chosen:
            page.wait_for_timeout(50)
        chosen[0].set_files(str(PRIMARY))
        tab_to(page, "#case")
        page.keyboard.type("SR 1")
        tab_to(page, "form.upload button.main")
        page.keyboard.press("Enter")
        page.wait_for_url("**/case/*")
        page.locator("iframe.report").wait_for(state="attached")
        case = page.url
        tab_to(page, "a[href$='/report']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/report")
        page.go_back()
        tab_to(page, "details:has(table) > summary")
        page.keyboard.press("Enter")
        tab_to(page, "a[href$='/download/report?redacted=1']")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert b"expc01" not in Path(download.value.path()).read_bytes()
        page.goto(f"{case}/ask")
        tab_to(page, "form button.main")
        page.keyboard.press("Enter")
        page.locator(".answer").wait_for()
        page.goto(case)
        tab_to(page, "details:has(.danger) > summary")
        page.keyboard.press("Enter")
        tab_to(page, "button.danger")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{server.origin}/")
        assert page.locator("tbody tr").count() == earlier
        assert noticed == []


def test_without_scripts_and_in_two_tabs(browser: Browser) -> None:
    with serving(**FORKED) as server:
        with opened(browser, server, java_script_enabled=False) as (page, noticed):
            other = page.context.new_page()
            other.goto(f"{server.origin}/")
            page.set_input_files("#files", str(PRIMARY))
            page.fill("#case", "SR 1")
            page.click("form.upload button.main")
            page.wait_for_url("**/case/*")
            other.reload()
            assert other.get_by_text("SR 1").count() == 1
            page.locator("iframe.report").wait_for(state="attached")
            page.get_by_text("Compare").first.click()
            assert page.get_by_text("There is no other diagnosis yet.").is_visible()
            assert noticed == []
        with opened(browser, server) as (page, _):
            # A page that is left and opened again shows the same diagnosis, also while it runs.
            page.set_input_files("#files", str(PRIMARY))
            page.click("form.upload button.main")
            page.wait_for_url("**/case/*")
            page.reload()
            page.goto(f"{server.origin}/")
            page.get_by_text(PRIMARY.name).first.click()
            page.locator("iframe.report").wait_for(state="attached")


@pytest.mark.parametrize("how", ["drop", "picker"])
def test_a_folder(browser: Browser, server: Server, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "case-1"
    for peer, log in (("expc01", PRIMARY), ("expc02", PEER)):
        (folder / peer / "var").mkdir(parents=True)
        (folder / peer / "var" / "messages").write_bytes(log.read_bytes())
    with opened(browser, server) as (page, noticed):
        if how == "picker":
            page.set_input_files("#folder", str(folder))
        else:
            box = page.locator("[data-drop]").bounding_box()
            assert box is not None
            where = {"x": box["x"] + 50, "y": box["y"] + 10}
            data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
            session = page.context.new_cdp_session(page)
            for kind in ("dragEnter", "dragOver", "drop"):
                session.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})
            page.locator(".chosen li").nth(1).wait_for()
            # A file that was dropped by mistake is removed from the list, and not sent.
            area = page.locator("[data-drop]").element_handle()
            page.evaluate(DROP, [area, [["<b>wrong</b>.log", PRIMARY.read_text()]]])
            page.get_by_role("button", name="Remove: <b>wrong</b>.log").click()
            assert sorted(page.locator(".chosen li").all_text_contents()) == [
                " Remove all",
                *(f"case-1/{peer}/var/messages Remove" for peer in ("expc01", "expc02")),
            ]
        page.click("form.upload button.main")
        page.wait_for_url("**/case/*")
        page.locator("iframe.report").wait_for(state="attached")
        assert page.locator("h1").text_content() == "case-1"
        found = page.context.request.get(f"{page.url}/download/findings").json()
        assert sorted(one["snapshot"] for one in found["coverage"]["members"]) == ["expc01", "expc02"]
        assert noticed == []


def test_cancel(browser: Browser, tmp_path: Path) -> None:
    large = tmp_path / "large.tar"
    large.write_bytes(small_logs())
    with serving() as server, opened(browser, server) as (page, _):
        page.set_input_files("#files", str(large))
        page.click("form.upload button.main")
        page.wait_for_url("**/case/*")
        page.click("form[action$='/cancel'] button")
        page.wait_for_url(f"{server.origin}/")
        page.get_by_text("has no result").wait_for()
        page.click(".jobs a")
        assert page.get_by_text("It was cancelled.").is_visible()
        page.click("form[action$='/delete'] button")
        page.wait_for_url(f"{server.origin}/")
        assert page.locator(".jobs").count() == 0
        until = time.monotonic() + 20
        while len(server.children()) > 1 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(server.children()) <= 1  # the one that waits for the next task


def test_pages_of_other_sites_get_nothing_from_a_browser_that_is_signed_in(
    browser: Browser, server: Server
) -> None:
    with serving(**FORKED) as stranger, opened(browser, server) as (page, _):
        # The other server of this machine is another site to the first one, and so is a page without an origin.
        tries = """async (origin) => {
          const said = [];
          for (const options of [{}, { credentials: "include" }, { mode: "no-cors", credentials: "include" },
                                 { method: "POST", mode: "no-cors", credentials: "include" }]) {
            try { const got = await fetch(`${origin}/diagnose`, options); said.push(`${got.type} ${got.status}`); }
            catch (error) { said.push("refused"); }
          }
          return said;
        }"""
        other = page.context.new_page()
        other.goto("data:text/html,<title>x</title>")
        assert all(said in ("refused", "opaque 0") for said in other.evaluate(tries, server.origin))
        statuses: list[int] = []
        other.on("response", lambda got: statuses.append(got.status))
        other.goto(stranger.link)
        other.wait_for_url(f"{stranger.origin}/")
        other.evaluate("(to) => { setTimeout(() => location.assign(to), 0); }", f"{server.origin}/search")
        other.get_by_role("heading", name="Not allowed").wait_for()
        assert statuses[-1] == 403
        other.goto(
            f"data:text/html,<form method=post action='{server.origin}/diagnose'><button>x</button></form>"
        )
        other.click("button")
        other.get_by_role("heading").wait_for()
        assert statuses[-1] == 403
        assert page.goto(f"{server.origin}/").status == 200  # type: ignore[union-attr]
