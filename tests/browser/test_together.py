"""Two people on one answer, and two tabs of one person: what merges by itself, and what they are asked."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from models.responses import Answer
from tests.browser.conftest import Site, enter
from tests.builders import World

TEXT = "op13d.narrative"
BOX = f'[name="{TEXT}-text"]'


def open_question(page: Page, site: Site, world: World) -> None:
    page.goto(f"{site.address}/responses/{world.response_id}/questions/op13d")


def stored_text(site: Site, world: World) -> str:
    with site.reading() as session:
        row = session.get(Answer, (world.response_id, TEXT))
        return row.value["text"] if row and row.value else ""


def type_in(page: Page, words: str) -> None:
    """Type, and stay in the field until it is saved."""
    page.fill(BOX, words)
    expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")


def two_pages(browser: Browser, site: Site, world: World, text: str) -> tuple[Page, Page]:
    """The question on two people's screens, both with the same text."""
    _context, mine = enter(browser, site, world.focal_point)
    open_question(mine, site, world)
    type_in(mine, text)
    _other, theirs = enter(browser, site, world.contributor)
    open_question(theirs, site, world)
    return mine, theirs


def test_paragraphs_of_two_people_merge_while_both_go_on_typing(browser: Browser, site: Site, world: World) -> None:
    mine, theirs = two_pages(browser, site, world, "A\n\nB\n\nC")
    type_in(theirs, "A theirs\n\nB\n\nC")
    type_in(mine, "A\n\nB\n\nC mine")
    assert stored_text(site, world) == "A theirs\n\nB\n\nC mine"
    # Under the hands of who is typing nothing moves, and what follows does not undo the colleague's words.
    expect(mine.locator(BOX)).to_have_value("A\n\nB\n\nC mine")
    type_in(mine, "A\n\nB\n\nC mine, longer")
    assert stored_text(site, world) == "A theirs\n\nB\n\nC mine, longer"
    mine.locator(BOX).blur()
    expect(mine.locator(BOX)).to_have_value("A theirs\n\nB\n\nC mine, longer")
    expect(mine.locator(".notice")).to_contain_text("A colleague saved changes")
    type_in(mine, "A theirs\n\nB mine\n\nC mine, longer")
    assert stored_text(site, world) == "A theirs\n\nB mine\n\nC mine, longer"
    expect(mine.locator(".save-state")).to_have_attribute("data-state", "saved")


def test_one_paragraph_of_two_people_gives_the_page_with_both(browser: Browser, site: Site, world: World) -> None:
    mine, theirs = two_pages(browser, site, world, "A\n\nB")
    type_in(theirs, "A theirs\n\nB")
    mine.fill(BOX, "A mine\n\nB mine")
    expect(mine.locator(".save-state")).to_have_attribute("data-state", "conflict")
    mine.locator(".save-state button").click()
    expect(mine.locator(".compare ins").first).to_contain_text("theirs")
    expect(mine.locator(BOX)).to_have_value("A theirs\n\nA mine\n\nB mine")
    mine.locator('button[value="both"]').click()
    expect(mine.locator("h1")).not_to_contain_text("Somebody else")
    assert stored_text(site, world) == "A theirs\n\nA mine\n\nB mine"
    # The text that was decided about does not come back from the queue of this computer.
    mine.wait_for_timeout(3000)
    assert stored_text(site, world) == "A theirs\n\nA mine\n\nB mine"
    expect(mine.locator(BOX)).to_have_value("A theirs\n\nA mine\n\nB mine")


def test_two_tabs_of_one_person_merge_in_the_same_way(browser: Browser, site: Site, world: World) -> None:
    context, first = enter(browser, site, world.focal_point)
    open_question(first, site, world)
    type_in(first, "A\n\nB")
    second = context.new_page()
    open_question(second, site, world)
    type_in(second, "A\n\nB second")
    first.bring_to_front()
    type_in(first, "A first\n\nB")
    assert stored_text(site, world) == "A first\n\nB second"
