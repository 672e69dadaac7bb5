"""The sheets that explain the others: Dictionary, Choices, Codes, Issues."""

from __future__ import annotations

from exports.shape import Gettext, Kind, Sheet, SheetColumn, parts_columns
from languages import LANGUAGE_NAMES, LANGUAGES


def _by_language(label: str, id_: str, width: float, kind: Kind) -> list[SheetColumn]:
    return [
        SheetColumn(f"{id_}_{language}", label % {"language": LANGUAGE_NAMES[language]}, kind, width)
        for language in LANGUAGES
    ]


def dictionary_sheet(_: Gettext) -> Sheet:
    """Every question and item in six languages."""
    return Sheet(
        "Dictionary",
        _("Dictionary"),
        _("Every question and every item of the questionnaire, in six languages; the Arabic text of a paragraph is the source."),
        (
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("question_id", _("Question id"), width=12),
            SheetColumn("item_id", _("Item id"), width=38),
            SheetColumn("section", _("Section"), width=11),
            SheetColumn("type", _("Type of item (code)"), width=19),
            SheetColumn("type_label", _("Type of item"), width=24),
            SheetColumn("item_group", _("Group of items (code)"), width=15),
            SheetColumn("item_group_label", _("Group of items"), width=24),
            SheetColumn("role", _("Role in the matrix (code)"), width=12),
            SheetColumn("role_label", _("Role in the matrix"), width=26),
            SheetColumn("is_detail", _("Under “Add details”"), width=12),
            SheetColumn("is_required", _("Required for clearance"), width=12),
            SheetColumn("addressee", _("Addressee"), width=22),
            SheetColumn("verb", _("Verb"), width=18),
            SheetColumn("cluster", _("Cluster"), width=11),
            SheetColumn("article", _("Articles"), width=28),
            SheetColumn("choice_lists", _("Choice lists"), width=26),
            SheetColumn("unit", _("Unit (code)"), width=20),
            SheetColumn("sheet", _("Own sheet"), width=13),
            SheetColumn("asked_if", _("Asked when"), width=60),
            SheetColumn("asked_if_json", _("Condition (JSON)"), "text", 40),
            *_by_language(_("Label (%(language)s)"), "label", 34, "text"),
            *_by_language(_("Paragraph or hint (%(language)s)"), "text", 60, "text"),
            *parts_columns(_),
        ),
        frozen=3,
        wraps=False,
        printed=f"label_{LANGUAGES[-1]}",
    )  # fmt: skip


def choices_sheet(_: Gettext) -> Sheet:
    """The codes of the choice lists."""
    return Sheet(
        "Choices",
        _("Choices"),
        _("The codes of every choice list, in the order in which they are shown."),
        (
            SheetColumn("list", _("List"), width=26),
            SheetColumn("code", _("Code"), width=30),
            SheetColumn("order", _("Order"), "integer", 9),
            SheetColumn("is_other", _("Asks to specify"), width=12),
            SheetColumn("is_exclusive", _("Excludes the others"), width=12),
            *_by_language(_("Label (%(language)s)"), "label", 32, "text"),
            *parts_columns(_),
        ),
        frozen=2,
        printed=f"label_{LANGUAGES[-1]}",
    )  # fmt: skip


def codes_sheet(_: Gettext) -> Sheet:
    """The codes that belong to the workbook."""
    return Sheet(
        "Codes",
        _("Codes"),
        _("What the other codes of this workbook mean: States, groups, marks, states of work, visibility, issues."),
        (
            SheetColumn("list", _("List"), width=22),
            SheetColumn("code", _("Code"), width=30),
            SheetColumn("symbol", _("Mark"), width=9),
            SheetColumn("label", _("Meaning"), "text", 60),
            SheetColumn("m49", _("State code (M49)"), width=10),
            SheetColumn("group", _("Regional group (code)"), width=20),
            *parts_columns(_),
        ),
        frozen=2,
        printed="group",
    )  # fmt: skip


def issues_sheet(_: Gettext) -> Sheet:
    """What the workbook could not hold as it was sealed."""
    return Sheet(
        "Issues",
        _("Issues"),
        _("Every place where this workbook could not hold a fact exactly as it was sealed, and what was done."),
        (
            SheetColumn("issue", _("Issue (code)"), width=26),
            SheetColumn("issue_label", _("Issue"), width=50),
            SheetColumn("sheet", _("Sheet"), width=15),
            SheetColumn("row", _("Row of the sheet"), "integer", 11),
            SheetColumn("column", _("Column"), width=18),
            SheetColumn("state_iso3", _("State code (ISO 3166)"), width=12),
            SheetColumn("item_id", _("Item id"), width=38),
            SheetColumn("row_id", _("Row"), "text", 18),
            SheetColumn("field", _("Part of the answer (code)"), width=18),
            SheetColumn("detail", _("Detail"), "text", 40),
        ),
    )  # fmt: skip
