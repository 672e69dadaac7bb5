"""Filling in, through a real browser: autosave, a lost line, an expired session, a restart, a colleague, no script at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.responses import Answer
from tests.browser.conftest import Site, enter
from tests.builders import World

TEXT = "op13d.narrative"
BOX = f'[name="{TEXT}-text"]'


def question(site: Site, world: World, question_id: str = "op13d") -> str:
    return f"{site.address}/responses/{world.response_id}/questions/{question_id}"


def stored_text(site: Site, world: World) -> str:
    with site.reading() as session:
        row = session.get(Answer, (world.response_id, TEXT))
        return row.value["text"] if row and row.value else ""


def saved(page: Page) -> None:
    expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")


def test_typing_is_saved_without_a_button_and_says_so_truthfully(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    page.fill(BOX, "Written without pressing a button")
    saved(page)
    assert stored_text(site, world) == "Written without pressing a button"


def test_text_typed_before_the_script_has_arrived_is_saved_too(browser: Browser, site: Site, world: World) -> None:
    context, page = enter(browser, site, world.focal_point)
    held: list[Any] = []
    context.route("**/js/autosave.js*", lambda route: held.append(route))
    page.goto(question(site, world), wait_until="commit")
    page.fill(BOX, "typed on a slow line")
    for route in held:
        route.continue_()
    context.unroute("**/js/autosave.js*")
    saved(page)
    assert stored_text(site, world) == "typed on a slow line"


def test_a_page_that_nobody_typed_in_saves_nothing(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    for question_id in ("op13d", "op1", "op4", "op17"):
        page.goto(question(site, world, question_id))
        page.wait_for_timeout(2500)
    assert posts == []
    assert page.locator(".save-state").get_attribute("data-state") == ""


def test_what_follows_from_an_answer_appears_at_once(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    laws = page.locator('[data-item="op13d.laws"]')
    expect(laws).to_be_hidden()
    page.check('[data-item="op13d.status_practice"] input[value=partially_implemented]')
    expect(laws).to_be_visible()


def test_text_typed_while_the_line_is_down_is_kept_and_arrives(browser: Browser, site: Site, world: World) -> None:
    context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    page.fill(BOX, "before")
    saved(page)
    context.set_offline(True)
    page.fill(BOX, "written while the line was down")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "offline")
    assert stored_text(site, world) == "before"
    context.set_offline(False)
    saved(page)
    assert stored_text(site, world) == "written while the line was down"


def test_a_closed_tab_gives_its_text_back_when_the_page_is_opened_again(
    browser: Browser, site: Site, world: World
) -> None:
    context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    saved_before = page.locator(".save-state")
    expect(saved_before).to_be_visible()
    page.fill(BOX, "first")
    saved(page)
    context.set_offline(True)
    page.fill(BOX, "the tab was closed with this text")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "offline")
    page.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto(question(site, world))
    expect(again.locator(BOX)).to_have_value("the tab was closed with this text")
    saved(again)
    assert stored_text(site, world) == "the tab was closed with this text"


def test_what_waits_in_the_browser_is_encrypted(browser: Browser, site: Site, world: World) -> None:
    context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    page.fill(BOX, "x")
    saved(page)
    context.set_offline(True)
    page.fill(BOX, "CANARY in the queue")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "offline")
    dump = page.evaluate(
        """async () => {
        const out = [];
        for (const {name} of await indexedDB.databases()) {
          const db = await new Promise((ok, no) => { const r = indexedDB.open(name); r.onsuccess = () => ok(r.result); r.onerror = no; });
          for (const store of db.objectStoreNames) {
            const all = await new Promise((ok) => { const r = db.transaction(store).objectStore(store).getAll(); r.onsuccess = () => ok(r.result); });
            for (const one of all) out.push(JSON.stringify(one, (k, v) => v instanceof ArrayBuffer ? new TextDecoder("latin1").decode(v) : ArrayBuffer.isView(v) ? new TextDecoder("latin1").decode(v) : v));
          }
          db.close();
        }
        return out.join("\\n") + JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage});
      }"""
    )
    assert '"item":"op13d.narrative"' in dump
    assert "CANARY" not in dump


def test_an_expired_session_loses_nothing_without_script(browser: Browser, site: Site, world: World) -> None:
    context, page = enter(browser, site, world.focal_point, java_script_enabled=False)
    page.goto(question(site, world))
    page.fill(BOX, "two thousand words")
    cookies = context.cookies()
    context.clear_cookies()
    page.click(".savebar button[value=stay]")
    assert "kept" in page.inner_text("main")
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(question(site, world))
    expect(page.locator(BOX)).to_have_value("two thousand words")
    assert stored_text(site, world) == ""
    page.click(".savebar button[value=stay]")
    assert stored_text(site, world) == "two thousand words"


def test_text_survives_a_restart_of_the_server(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    page.fill(BOX, "before the restart")
    saved(page)
    site.stop()
    page.fill(BOX, "typed while the server was away")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "offline")
    site.start()
    saved(page)
    assert stored_text(site, world) == "typed while the server was away"


def test_a_stale_page_meets_the_other_text_side_by_side(browser: Browser, site: Site, world: World) -> None:
    _context, mine = enter(browser, site, world.focal_point, java_script_enabled=False)
    mine.goto(question(site, world))
    _other, theirs = enter(browser, site, world.contributor)
    theirs.goto(question(site, world))
    theirs.fill(BOX, "the colleague's text")
    saved(theirs)
    mine.fill(BOX, "my own text")
    mine.click(".savebar button[value=stay]")
    shown = mine.inner_text("main")
    assert "the colleague's text" in shown
    assert "my own text" in shown
    assert "Contributor" in shown
    assert stored_text(site, world) == "the colleague's text"
    mine.click("main form button[value=mine]")
    assert stored_text(site, world) == "my own text"


def test_rows_statistics_and_a_file_work_without_script(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point, java_script_enabled=False)
    page.goto(question(site, world))
    page.check('[data-item="op13d.status_practice"] input[value=fully_implemented]')
    page.click(".savebar button[value=stay]")
    page.click('button[name=add][value="op13d.laws"]')
    page.fill('[name="op13d.laws-0-title"]', "Law No. 14 of 2019")
    page.fill('[name="op13d.laws-0-in_force_since"]', "2019-03-01")
    page.click(".savebar button[value=stay]")
    with site.reading() as session:
        (row,) = session.get(Answer, (world.response_id, "op13d.laws")).value
    assert row["title"] == "Law No. 14 of 2019"
    assert row["in_force_since"] == "2019-03-01"
    page.click('button[name=remove][value="op13d.laws-0"]')
    with site.reading() as session:
        assert session.get(Answer, (world.response_id, "op13d.laws")).value is None
    for details in page.locator("details.more").all():
        if details.get_attribute("open") is None and details.is_visible():
            details.locator("summary").click()
    page.set_input_files(
        '[name="op13d.evidence-upload"]',
        {"name": "قانون.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"},
    )
    page.click(".savebar button[value=stay]")
    with site.reading() as session:
        (file,) = session.get(Answer, (world.response_id, "op13d.evidence")).value
    assert file["name"] == "قانون.pdf"


@pytest.mark.parametrize("pause", [100, 700, 1200])
def test_a_text_leaves_when_its_field_is_left_however_long_ago_the_last_key_was(
    browser: Browser, site: Site, world: World, pause: int
) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    page.locator(BOX).press_sequentially("left in time")
    page.wait_for_timeout(pause)
    page.locator(BOX).press("Tab")
    saved(page)
    assert stored_text(site, world) == "left in time"


def test_save_saves_a_text_that_was_kept_but_not_sent(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    page.locator(BOX).press_sequentially("saved by the button")
    page.wait_for_timeout(700)
    with page.expect_navigation():
        page.click(".savebar button[value=stay]")
    expect(page.locator(BOX)).to_have_value("saved by the button")
    assert stored_text(site, world) == "saved by the button"


def test_the_button_that_adds_a_file_does_not_ask_whether_to_leave(
    browser: Browser, site: Site, world: World, tmp_path: Path
) -> None:
    _context, page = enter(browser, site, world.focal_point)
    asked: list[str] = []

    def note(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", note)
    page.goto(question(site, world))
    page.click("#g-evidence summary")
    file = tmp_path / "report.txt"
    file.write_text("Annual report", encoding="utf-8")
    page.set_input_files('[data-item="op13d.evidence"] input[type=file]', str(file))
    page.click('[data-item="op13d.evidence"] .upload button')
    expect(page.locator('[data-item="op13d.evidence"] .files')).to_contain_text("report.txt")
    assert asked == []


def test_an_empty_box_begins_where_an_arabic_page_begins(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(f"{site.address}/language/ar?next=/responses/{world.response_id}/questions/op13d")
    direction = "box => getComputedStyle(box).direction"
    assert page.locator(BOX).evaluate(direction) == "rtl"
    page.fill(BOX, "An answer in English")
    assert page.locator(BOX).evaluate(direction) == "ltr"
    page.fill(BOX, "إجابة")
    assert page.locator(BOX).evaluate(direction) == "rtl"


def test_the_badge_follows_what_was_saved(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world))
    badge = page.locator("[data-work]:not([hidden])")
    expect(badge).to_have_text("Not started")
    page.check('[data-item="op13d.status_practice"] input[value=partially_implemented]')
    expect(badge).to_have_text("In progress")


def test_a_figure_that_cannot_be_read_is_marked_in_its_cell_and_named_with_its_year(
    browser: Browser, site: Site, world: World
) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(question(site, world, "op5"))
    cell = page.locator("table.entry input").nth(1)
    name, year = cell.get_attribute("name") or "", page.locator("table.entry thead .n").nth(1).inner_text()
    for details in page.locator("details.more").all():
        details.evaluate("box => { box.open = true; }")
    cell.fill("many")
    cell.press("Tab")
    expect(cell).to_have_attribute("aria-invalid", "true")
    item = page.locator(f'[data-item="{name.partition("-")[0]}"]')
    expect(item.locator(".error").first).to_contain_text(year)
    assert item.locator("[aria-invalid]").count() == 1
