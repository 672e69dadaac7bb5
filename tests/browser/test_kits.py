"""An offline workbook, through a real browser: given out, filled in, sent back, decided, taken over, undone; also without script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from instruments.items.legal_references import LegalReference
from instruments.values import Narrative
from models.people import User
from models.responses import NationalResponse
from tests.browser.conftest import Site, enter
from tests.builders import World, actor_for, answer
from tests.imports.kit_files import filled

PICTURES = os.environ.get("TRACKER_TEST_PICTURES", "")


def give(site: Site, world: World, values: dict[str, Any]) -> None:
    with site.transaction() as session:
        person = session.get_one(User, world.focal_point)
        answer(
            session, actor_for(person, session.get_one(NationalResponse, world.response_id)), world.response_id, values
        )


def picture(page: Page, name: str) -> None:
    """A picture to look at, where a folder for them is named."""
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no-script"])
def test_a_ministry_fills_in_a_workbook_and_it_is_taken_back(
    browser: Browser, site: Site, world: World, tmp_path: Path, *, with_script: bool
) -> None:
    give(site, world, {
        "op2.narrative": Narrative(text="The unit was set up in 2019.\n\nIt has 12 staff.", language="en"), "op2.status_law": "not_implemented",
        "op2.laws": (LegalReference(row_id="aa11", title="Law No. 64 of 2010", number="64"),),
    })  # fmt: skip
    _context, page = enter(browser, site, world.focal_point, java_script_enabled=with_script)
    page.goto(f"{site.address}/responses/{world.response_id}/offline?question=op2")
    page.fill('[name="recipient"]', "Ministry of Justice")
    page.get_by_role("button", name="Make the workbook").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the workbook").click()
    given_out = download.value.path().read_bytes()
    back = tmp_path / "back from justice.xlsx"
    back.write_bytes(filled(given_out, {
        "op2.narrative//text": "The unit was set up in 2018.\n\nIt has 14 staff.", "op2.status_practice": "Fully implemented",
        "op2.laws/aa11/articles": "3, 5 (a)", "op2.laws/+1/title": "القانون رقم ٧ (٢٠٢٤)", "op2.budget//amount": "1,234", "op2.status_law": None,
    }))  # fmt: skip
    # Somebody goes on writing on the website meanwhile.
    give(
        site,
        world,
        {"op2.narrative": Narrative(text="The unit was set up in 2019.\n\nIt has 13 staff.", language="en")},
    )
    page.goto(f"{site.address}/responses/{world.response_id}/offline")
    page.get_by_role("link", name="Send a filled workbook").click()
    picture(page, "return-en")
    page.set_input_files("#file", str(back))
    page.get_by_role("button", name="Look at what differs").click()
    expect(page.get_by_role("heading", name="What differs in the workbook")).to_be_visible()
    address = page.url
    for language in ("ar", "en"):
        page.goto(f"{site.address}/language/{language}")
        page.goto(address)
        picture(page, f"preview-{language}")
    narrative = page.locator("#item-op2\\.narrative")
    expect(narrative).to_contain_text("To decide")
    expect(narrative.locator("input:checked")).to_have_count(0)
    narrative.get_by_label("Keep both texts").check()
    expect(page.locator("#item-op2\\.budget")).to_contain_text("XL-103")
    expect(page.locator("#item-op2\\.status_law")).to_contain_text("Emptied")
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    picture(page, "preview-320")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="Take over what is chosen").click()
    expect(page.get_by_text("3 answers were taken over.")).to_be_visible()
    picture(page, "taken-en")
    page.locator("#item-op2\\.laws").get_by_role("link", name="Open the question").click()
    expect(page.locator('[name="op2.laws-1-title"]')).to_have_value("القانون رقم ٧ (٢٠٢٤)")
    expect(page.locator('[name="op2.narrative-text"]')).to_have_value(
        "The unit was set up in 2018.\n\nIt has 13 staff.\n\nIt has 14 staff."
    )
    expect(page.locator('[name="op2.status_law"][value="not_implemented"]')).to_be_checked()
    page.goto(address)
    page.get_by_role("button", name="Undo all that was taken over").click()
    expect(page.get_by_text("3 answers were set back.")).to_be_visible()
    page.goto(f"{site.address}/responses/{world.response_id}/questions/op2")
    expect(page.locator('[name="op2.narrative-text"]')).to_have_value(
        "The unit was set up in 2019.\n\nIt has 13 staff."
    )
