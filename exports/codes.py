"""The words of the codes that belong to the workbook and not to the questionnaire: groups, states of work, blanks, issues."""

from __future__ import annotations

from exports.shape import Gettext
from languages import LANGUAGE_NAMES


def code_lists(_: Gettext) -> dict[str, dict[str, str]]:
    """Words by list and code, in the order in which the Codes sheet shows them."""
    return {
        "asked_state": {
            "answered": _("Answered"),
            "not_answered": _("Not answered: asked, and left empty"),
            "not_asked": _("Not asked: the paragraph or the other answers made it needless"),
        },
        "group": {
            "african": _("African States"),
            "asia_pacific": _("Asia-Pacific States"),
            "eastern_european": _("Eastern European States"),
            "grulac": _("Latin American and Caribbean States"),
            "weog": _("Western European and other States"),
            "none": _("Outside the regional groups"),
        },
        "kind": {
            "member_state": _("Member State"),
            "observer_state": _("Observer State"),
            "other_state": _("Other State"),
            "reio": _("Regional economic integration organization"),
        },
        "party_status": {
            "unknown": _("Unknown"),
            "party": _("Party"),
            "not_party": _("Not a party"),
        },
        "work_state": {
            "not_started": _("Not started"),
            "in_progress": _("In progress"),
            "ready": _("Ready to be cleared"),
            "returned": _("Returned"),
            "reopened": _("Open again at its request"),
            "submitted": _("Submitted"),
        },
        "clearance": {
            "draft": _("Draft"),
            "submitted": _("Submitted"),
            "returned": _("Returned"),
        },
        "visibility": {
            "secretariat": _("The State and the secretariat only"),
            "reviewers": _("Also the reviewing States"),
            "parties": _("Also all States Parties"),
            "public": _("Public"),
        },
        "change": {
            "changed": _("Changed"),
            "answered_now": _("Answered now"),
            "not_answered_now": _("Not answered now"),
            "not_asked_now": _("Not asked now"),
            "item_new": _("New item of the questionnaire"),
            "item_dropped": _("No longer in the questionnaire"),
            "item_changed": _("The item itself was changed"),
        },
        "text_origin": {"original": _("As the State wrote it")},
        "language": {**LANGUAGE_NAMES, "other": _("Another language")},
        "yes_no": {"yes": _("Yes"), "no": _("No")},
        "role": {
            "headline": _("Headline of its paragraph"),
            "part": _("A named part of its paragraph"),
        },
        "type": {
            "amount": _("Sum of money"),
            "assistance": _("Technical assistance"),
            "bodies": _("Bodies and units"),
            "choice": _("One of several answers"),
            "choices": _("Several answers"),
            "consider": _("Scale of consideration"),
            "date": _("Day"),
            "decimal": _("Number with decimals"),
            "difficulties": _("Difficulties"),
            "evidence": _("Supporting documents"),
            "good_practice": _("Good practice"),
            "legal_references": _("Laws and decrees"),
            "link": _("Web address"),
            "narrative": _("Text"),
            "period": _("Period"),
            "policies": _("Policies and measures"),
            "statistics": _("Statistics"),
            "status": _("Scale of implementation"),
            "whole_number": _("Whole number"),
            "yes_partly_no": _("Yes, partly or no"),
        },
        "issue": {
            "characters_replaced": _("Characters that no workbook can hold were replaced by �; the detail says how many."),
            "text_split": _("The text is longer than a cell and goes on in the next rows; the detail says in how many parts."),
            "text_cut": _("The text is longer than a cell and was cut here; it is whole in Answers_long."),
            "number_as_text": _("The number has more than 15 digits and stands as text, exactly as given."),
            "date_as_text": _("The day is before March 1900, where workbooks count wrongly, and stands as text."),
            "sheet_continued": _("The rows go on in this further sheet."),
            "file_missing": _("This document was submitted, but is not in the installation’s folder of documents any more."),
            "label_in_other_language": _("A label has no text in this language; the detail names it and the language used."),
        },
    }  # fmt: skip


def short_asked_states(_: Gettext) -> dict[str, str]:
    """The three states of an item in a word or two, for cells."""
    return {"answered": _("Answered"), "not_answered": _("Not answered"), "not_asked": _("Not asked")}


def work_state(clearance: str, *, given_back: str, has_begun: bool, is_all_ready: bool) -> str:
    """Where a whole response stands, as on the pages of the secretariat (`services.secretariat.STAGES`).

    `given_back` is how the response came back to its State last: `returned` or `reopened`.
    """
    if clearance == "submitted":
        return "submitted"
    if clearance == "returned":
        return given_back
    if not has_begun:
        return "not_started"
    return "ready" if is_all_ready else "in_progress"
