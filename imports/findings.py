"""What the verification of a workbook has to say: what was checked, what differs and where, and what is worth knowing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

MOST_LISTED = 1_000
"""Differences that are named one by one; all are counted."""
LONGEST_SHOWN = 80
"""Characters of a value that are shown."""

CHECKS: dict[str, tuple[str, ...]] = {
    "rows": ("rows_due", "rows_written", "sheet_gone"),
    "columns": ("columns", "no_heads"),
    "facts": ("facts_sha256",),
    "number": ("export_number",),
    "answers": (
        "fact_altered", "fact_missing", "fact_added", "fact_order", "fact_closed", "facts_other", "submission_altered",
        "too_different",
    ),
    "submissions": ("submissions_sha256",),
    "instrument": ("instrument_sha256",),
    "sheets": ("cover_altered", "row_altered", "row_missing", "row_added", "row_order", "sheet_added", "sheet_missing", "sheet_differs"),
    "database": ("unknown_cycle", "parameters", "not_stated"),
}  # fmt: skip
"""The checks in the order in which they are shown, each with the codes of the differences that it may find."""

_CHECK_OF = {code: check for check, codes in CHECKS.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the file does not say what it should: `said` is what stands there, `due` what should."""

    code: str
    sheet: str = ""
    row: int = 0
    state: str = ""
    item: str = ""
    column: str = ""
    said: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: how many (rows, sheets, facts) were compared and how many differences it found."""

    code: str
    compared: int
    differences: int


@dataclass
class Findings:
    """Gathers what is found while a file is read."""

    differences: list[Difference] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    """(code, the word that it is about): no difference, but worth knowing."""
    compared: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def add(
        self, code: str, sheet: str = "", row: int = 0, *, state: str = "", item: str = "", column: str = "", said: object = "",
        due: object = "",
    ) -> None:  # fmt: skip
        """One more difference."""
        self.found[_CHECK_OF[code]] += 1
        if len(self.differences) < MOST_LISTED:
            where = shown(sheet), row, shown(state), shown(item), shown(column)
            self.differences.append(Difference(code, *where, *shown_apart(said, due)))

    def remark(self, code: str, about: str = "") -> None:
        """Something worth knowing, once."""
        if (code, shown(about)) not in self.remarks:
            self.remarks.append((code, shown(about)))


@dataclass(frozen=True, slots=True)
class Report:
    """The result: what the cover says the file is, what was checked, what differs."""

    said: dict[str, str]
    as_at: datetime | None
    checks: tuple[Check, ...]
    differences: tuple[Difference, ...]
    total: int
    """All differences, also those that are not listed."""
    remarks: tuple[tuple[str, str], ...]

    @property
    def is_equal(self) -> bool:
        """Whether everything that was checked agrees."""
        return self.total == 0


def report_of(findings: Findings, said: dict[str, str], as_at: datetime | None) -> Report:
    """The report on what was gathered. Only what was checked is listed."""
    checks = tuple(
        Check(code, findings.compared[code], findings.found[code])
        for code in CHECKS
        if code in findings.compared or code in findings.found
    )
    return Report(said, as_at, checks, tuple(findings.differences), findings.found.total(), tuple(findings.remarks))


def shown(value: object) -> str:
    """A value of the file so that it can be shown anywhere: short, and nothing that a terminal or a page would obey."""
    text = "" if value is None else str(value)
    cut = text[:LONGEST_SHOWN]
    plain = "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in cut)
    return f"{plain}…" if len(text) > LONGEST_SHOWN else plain


def shown_apart(said: object, due: object) -> tuple[str, str]:
    """Two values as `shown`, each from a little before the place where they differ."""
    one, other = ("" if value is None else str(value) for value in (said, due))
    pairs = enumerate(zip(one, other, strict=False))
    same = next((place for place, pair in pairs if pair[0] != pair[1]), min(len(one), len(other)))
    start = same - LONGEST_SHOWN // 4 if same > LONGEST_SHOWN // 2 and one and other else 0
    before = "…" if start else ""
    return f"{before}{shown(one[start:])}", f"{before}{shown(other[start:])}"
