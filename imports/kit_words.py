"""The sentences of an offline workbook that came back, by the codes that stay the same."""

from __future__ import annotations

from exports.shape import Gettext
from imports.kit_reading import Problem


def kind_words(_: Gettext) -> dict[str, str]:
    """What came of an answer in the workbook."""
    return {
        "update": _("Filled in"),
        "conflict": _("To decide"),
        "ask": _("Perhaps entered twice"),
        "deletion": _("Emptied"),
        "error": _("Cannot be read"),
        "refused": _("Not yours to change"),
        "same": _("Nothing to do"),
    }


def choice_words(_: Gettext) -> dict[str, str]:
    """What a person can choose for an answer."""
    return {
        "file": _("Take over what was filled in"),
        "clear": _("Take over, and also empty what was emptied"),
        "both": _("Keep both texts, one after the other; they can be edited afterwards"),
        "": _("Leave the response as it is"),
    }


def only_emptied_words(_: Gettext) -> str:
    """The choice where nothing was filled in."""
    return _("Empty the answer")


def typed_words(_: Gettext) -> str:
    """The choice where what was filled in cannot be read."""
    return _("Take it over as it was typed, to correct it on the page of the question")


def problem_words(_: Gettext) -> dict[str, str]:
    """What is to be said about a cell, for codes without a sentence of the form."""
    return {
        "XL-109": _("What is in the cell cannot be read as an answer to this."),
        "XL-110": _("The cell holds a formula without its result. Type the result instead of the formula."),
        "XL-111": _("The cell holds an error of the spreadsheet. Type the answer instead."),
        "XL-104": _("The cell does not hold a day that exists. Type it as 2026-06-30."),
        "XL-112": _("This says neither yes nor no. Put ✓ for yes, or leave the cell empty."),
        "XL-113": _("This id stands in the workbook twice, with two texts. Keep one of the two rows."),
        "XL-201": _("Somebody has changed this answer since the workbook was made."),
        "XL-202": _("It is not known what the workbook was made from, so every difference is yours to decide."),
        "XL-203": _("This was emptied in the workbook."),
        "XL-204": _("There is an entry of this name already."),
        "XL-301": _("This question is not assigned to you. Your focal point can take it over, or assign it to you."),
    }


def words_of(_: Gettext, problem: Problem) -> str:
    """A problem in words: the sentence of the form, else the one of its code."""
    return problem.words or problem_words(_).get(problem.code) or problem_words(_)["XL-109"]


def warning_words(_: Gettext) -> dict[str, str]:
    """What is to be said about a workbook as a whole."""
    return {
        "no_stamp": _(
            "The workbook does not say any more which one it is; a program may have left that out. Answers were found by the ids beside them. Where the response says something else, you decide."
        ),
        "bad_stamp": _(
            "What the workbook says about itself was altered. Answers were found by the ids beside them. Where the response says something else, you decide."
        ),
        "unknown_kit": _(
            "This workbook is not on record here. Answers were found by the ids beside them. Where the response says something else, you decide."
        ),
        "withdrawn": _("This workbook was called back. Look closely before you take anything over."),
        "other_version": _(
            "The workbook was made for another version of the questionnaire. What this version does not ask is listed below."
        ),
    }


def own_refusal_words(_: Gettext) -> dict[str, str]:
    """Why a workbook is not taken, beside what is refused of every workbook."""
    return {
        "no_answers": _("No answer was found in this workbook: the column with the ids of the answers is missing."),
        "too_large": _("The file is larger than 10 MB. A workbook with answers has no pictures and is far smaller."),
        "macros": _("The file holds macros, which can do harm, and was not read. Save it as .xlsx without macros."),
        "external_links": _("The file draws on other files or addresses, and was not read. Take the links out and save it again."),
        "embedded_objects": _("Other files are embedded in this one, and it was not read. Add them on the website as evidence."),
        "not_an_export": _("No answer was found in this workbook: the column with the ids of the answers is missing."),
    }  # fmt: skip
