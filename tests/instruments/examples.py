"""One rich example of every item type: how an instrument file asks it, and an answer that uses every part of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from instruments.catalog import load_instrument
from instruments.items import ITEM_TYPES, Item
from instruments.items.assistance import AssistanceRow
from instruments.items.base import AskContext, ChoiceList
from instruments.items.bodies import Body
from instruments.items.legal_references import LegalReference
from instruments.items.policies import Policy
from instruments.values import (
    Amount,
    Chosen,
    Difficulties,
    EvidenceReference,
    GoodPractice,
    Narrative,
    Period,
    Statistics,
)
from languages import LANGUAGES

YEARS = (2022, 2023, 2024, 2025)
LISTS = {
    "colours": ChoiceList("colours", ("red", "blue", "other", "none"), other="other", exclusive=("none",)),
    "dif": ChoiceList("dif", ("budget", "data", "other"), other="other"),
}
# What is typed in six languages and could be taken for markup, a formula or a format.
HARD = "=1+1; <b>«كلمة»</b> & “文字” %(label)s {0} 'it’s' – лицо\nsecond line\n\n  indented"


@dataclass(frozen=True, slots=True)
class Example:
    """How a type is asked, an answer that uses every part, texts that cannot be read, other answers worth a round trip."""

    definition: dict[str, Any]
    value: Any
    unreadable: tuple[tuple[str, str], ...] = ()
    """(name after the item's id, text): each alone makes the answer unreadable."""
    others: tuple[Any, ...] = field(default=())

    def item(self, item_type: str) -> Item:
        """The item, as the loader builds it."""
        given = {"id": "op1.example", "group": "specific", **self.definition}
        return ITEM_TYPES[item_type](**given, lists=LISTS)


EXAMPLES: dict[str, Example] = {
    "status": Example({}, "partially_implemented", (("", "largely_implemented"),), ("no_information",)),
    "consider": Example({}, "considered_not_adopted", (("", "yes"),)),
    "yes_partly_no": Example({}, "partly", (("", "maybe"),)),
    "choice": Example({"list": "colours"}, "blue", (("", "green"),)),
    "choices": Example(
        {"list": "colours"}, Chosen(codes=("red", "other"), other="أخضر فاتح"), (("-codes", "green"), ("-other", "x" * 501)),
        (Chosen(codes=("none",)),),
    ),
    "narrative": Example(
        {"words": "600"}, Narrative(text=HARD, language="ar"), (("-language", "tlh"), ("-text", "字" * 100_001)),
        (Narrative(text="0", language="other"),),
    ),
    "whole_number": Example(
        {"maximum": "5000", "unit": "unit.days"}, 1250,
        (("", "1.5"), ("", "1,234"), ("", "12 5"), ("", "ten"), ("", "-1"), ("", "5001"), ("", "9" * 400), ("", "²")), (0,),
    ),
    "decimal": Example(
        {"places": "1", "minimum": "0", "maximum": "100", "unit": "unit.percent"}, Decimal("12.5"),
        (("", "12,345"), ("", "12.55"), ("", "-0.1"), ("", "100.1"), ("", "NaN"), ("", "1e3"), ("", "∞")), (Decimal(0),),
    ),
    "amount": Example(
        {}, Amount(amount=Decimal("1234567.89"), currency="CHF"),
        (("-amount", "12.345"), ("-amount", "5"), ("-currency", "QQQ"), ("-amount", "-5")),
    ),
    "date": Example({}, date(2026, 6, 30), (("", "3/4/2026"), ("", "31.2.2026"), ("", "yesterday"), ("", "0026-06-30"))),
    "period": Example(
        {}, Period(start=date(2025, 1, 1), end=date(2025, 12, 31)), (("-start", "2025-01-01"), ("-end", "soon"))
    ),
    "link": Example(
        {}, "https://ministry.example/قانون?a=1&b=2",
        (("", "javascript:alert(1)"), ("", "ftp://files.example/a"), ("", "no address"), ("", "https://user@host.example/")),
        ("http://ministry.example:8080/",),
    ),
    "legal_references": Example(
        {},
        (
            LegalReference(
                row_id="a1b2c3d4e5f6", title="قانون رقم ٩ لسنة ٢٠١٥", number="9/2015", articles="4-7, 12(2)",
                in_force_since=date(2015, 3, 1), language="ar", link="https://laws.example/9",
            ),
            LegalReference(row_id="f6e5d4c3b2a1", title="=cmd|'/c calc'!A1"),
        ),
        (("-0-in_force_since", "soon"), ("-0-link", "no address"), ("-0-language", "xx"), ("-0-title", "x" * 501)),
        ((LegalReference(row_id="r1", refers_to="op4.laws/a1b2c3", articles="7"),),),
    ),
    "policies": Example(
        {},
        (
            Policy(
                row_id="r1", title="Plan d’action", kind="action_plan", lead_body="Ministère", start_year=2021,
                end_year=2025, link="https://plans.example/a",
            ),
        ),
        (("-0-start_year", "last year"), ("-0-end_year", "20256"), ("-3-kind", "xx")),
    ),
    "bodies": Example(
        {},
        (
            Body(
                row_id="r-1", name="专门股", kind="police_unit", legal_basis="Decree 4", since=2012, staff=0,
                link="https://unit.example/",
            ),
        ),
        (("-0-since", "1066"), ("-0-staff", "-4")), ((Body(row_id="r1", refers_to="op13b.bodies/x_1"),),),
    ),
    "assistance": Example(
        {},
        (
            AssistanceRow(
                row_id="r_1", kind="training", topic="Финансовые расследования", priority="1", mode="on_site",
                requested="requested", received_from="–",
            ),
        ),
        (("-0-priority", "4"),),
    ),
    "statistics": Example(
        {"rows": ["prosecuted", "convicted"], "money_rows": ["confiscated"], "by": ["sex", "age"], "text": "op5.persons"},
        Statistics(
            cells={
                "prosecuted": {"2022": Decimal(0), "2023": Decimal(12)},
                "prosecuted.female": {"2023": Decimal(7)},
                "prosecuted.age_unknown": {"2025": Decimal(1)},
                "confiscated": {"2024": Decimal("1250.50")},
            },
            currency="EUR", source="Prosecution service\nregister", definition=HARD, provisional=("2024", "2025"),
        ),
        (
            ("-prosecuted-2023", "1.5"), ("-confiscated-2024", "12.5"), ("-currency", "QQQ"), ("-provisional", "1999"),
            ("-convicted-2022", "-1"),
        ),
    ),
    "difficulties": Example(
        {"list": "dif"}, Difficulties(chosen=Chosen(codes=("budget", "other"), other="语言"), text=HARD),
        (("-chosen-codes", "weather"),), (Difficulties(text="Only words"), Difficulties(chosen=Chosen(codes=("data",)))),
    ),
    "good_practice": Example(
        {}, GoodPractice(text=HARD, consent=True), (("-text", "x" * 100_001),), (GoodPractice(text="No consent"),)
    ),
    "evidence": Example(
        {},
        (
            EvidenceReference(row_id="e1", name="قانون.pdf", media_type="application/pdf", size=123456, sha256="ab" * 32),
            EvidenceReference(row_id="e2", name="закон", media_type="text/plain", size=1, sha256="cd" * 32),
        ),
    ),
}  # fmt: skip


def context_in(language: str) -> AskContext:
    """The form context of the shipped instrument in one language, with the example's own texts added."""
    texts = load_instrument().texts_in(language)
    return AskContext(with_example_texts(texts), YEARS)


def with_example_texts(texts: Any) -> Any:
    """The texts and, for the example item and its list, words that say what they are."""
    own = {
        "op1.example.label": "Example", "op1.example.hint": "A hint", "op5.persons.row.confiscated": "Value confiscated",
        **{f"list.colours.{code}": code.title() for code in LISTS["colours"].codes},
    }  # fmt: skip
    catalogues = {language: {**texts._catalogues[language], **own} for language in LANGUAGES}
    return type(texts)(texts.language, catalogues)
