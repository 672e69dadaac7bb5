"""The shipped instrument: what is asked about which paragraph, of whom, and in which words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import pytest

from instruments.catalog import load_instrument
from instruments.conditions import Condition
from instruments.items import ITEM_TYPES, Item
from instruments.routing import asked_item_ids, find
from instruments.schema import Question
from tests.instruments.answers import value_of

INSTRUMENT = load_instrument()
QUESTIONS = list(INSTRUMENT.questions.values())
UNKNOWN = {"party_status": "unknown", "kind": "member_state"}
NUMBERS = [
    *(str(number) for number in range(1, 14)),
    *(f"13({letter})" for letter in "abcdefghijk"),
    "14",
    "15",
    "16",
    "17",
]
STATUS = (
    "fully_implemented",
    "partially_implemented",
    "planned_or_under_way",
    "not_implemented",
    "not_applicable",
    "no_information",
)
CONSIDER = ("considered_adopted", "considered_not_adopted", "under_consideration", "not_considered", "no_information")

NO_STATUS = {"op1", "op3", "op6", "op13", "op14", "op15", "op17"}
"""A fact (1, 16), what others are asked to do (3, 6, 14, 15), a heading (13), resources (17): no state of implementation."""

every_question = pytest.mark.parametrize("question", QUESTIONS, ids=[question.id for question in QUESTIONS])


def aspects(question: Question) -> dict[str, Item]:
    """The items of a question by what follows its id."""
    return {item.id.partition(".")[2]: item for item in question.items}


def test_all_28_entries_are_there_under_their_numbers() -> None:
    assert [question.number for question in QUESTIONS] == NUMBERS
    assert [question.id for question in QUESTIONS] == [f"op{re.sub('[()]', '', number)}" for number in NUMBERS]
    assert [question.id for question in QUESTIONS if question.chapeau] == [f"op13{letter}" for letter in "abcdefghijk"]


def test_every_item_type_is_used() -> None:
    assert {item.item_type for item in INSTRUMENT.items.values()} == set(ITEM_TYPES)


def test_the_two_scales_have_six_and_five_answers() -> None:
    assert ITEM_TYPES["status"].fixed_list.codes == STATUS  # type: ignore[attr-defined]
    assert ITEM_TYPES["consider"].fixed_list.codes == CONSIDER  # type: ignore[attr-defined]


def test_a_status_is_asked_where_a_state_can_have_one() -> None:
    assert {question.id for question in QUESTIONS if not question.headline} == NO_STATUS
    for question in QUESTIONS:
        if question.id in NO_STATUS:
            assert not [item.id for item in question.items if item.item_type in {"status", "consider"}]


def test_paragraphs_that_say_consider_have_the_second_scale_as_headline() -> None:
    considered = {question.id for question in QUESTIONS if question.headline.endswith(".considered")}
    assert considered == {"op13c", "op13g"}
    for question in QUESTIONS:
        if question.headline:
            assert INSTRUMENT.items[question.headline].item_type == (
                "consider" if question.id in considered else "status"
            )


@every_question
def test_every_question_with_a_status_has_the_common_block(question: Question) -> None:
    if question.id in NO_STATUS:
        return
    assert {
        "status_practice", "not_applicable_reason", "narrative", "laws", "policies", "bodies", "difficulties", "assistance", "practice",
        "evidence", "authority", "period", "reported_in",
    } <= set(aspects(question))  # fmt: skip


@every_question
def test_the_headline_and_the_narrative_are_open_and_the_rest_opens_by_the_headline(question: Question) -> None:
    if not question.headline:
        return
    asked = asked_item_ids(INSTRUMENT, {}, UNKNOWN)
    open_at_first = {item.id for item in question.items if item.id in asked and not item.detail}
    assert {question.headline, f"{question.id}.narrative"} <= open_at_first
    for aspect in ("laws", "policies", "bodies", "difficulties", "assistance"):
        assert f"{question.id}.{aspect}" not in open_at_first
    for aspect in ("practice", "evidence", "authority", "period", "reported_in"):
        assert aspects(question)[aspect].detail


@every_question
def test_a_page_opens_short_and_stays_within_its_budget(question: Question) -> None:
    asked = asked_item_ids(INSTRUMENT, {}, UNKNOWN)
    # Paragraph 11 names five kinds of measures, each a part with its own status.
    most = 7 if question.id == "op11" else 6
    assert len([item for item in question.items if item.id in asked and not item.detail]) <= most, "at first"
    assert len([item for item in question.items if not item.detail]) <= 13, "whatever is answered"


def test_those_paragraphs_that_do_not_ask_a_state_to_act_ask_for_little() -> None:
    asked = asked_item_ids(INSTRUMENT, {}, UNKNOWN)
    for question_id, most in {"op3": 3, "op6": 4, "op13": 0, "op14": 1, "op15": 2, "op17": 3}.items():
        items = INSTRUMENT.questions[question_id].items
        assert len([item for item in items if item.id in asked and not item.detail]) == most


def test_who_is_asked_follows_the_addressee() -> None:
    asked_of = {question.id: question.asked_of for question in QUESTIONS if question.asked_of != "everyone"}
    assert asked_of == {"op8": "parties", "op16": "parties"}
    for question in QUESTIONS:
        assert (question.asked_of == "parties") == (question.addressee == "states_parties")
    assert {
        question.id for question in QUESTIONS if question.addressee in {"unodc", "working_group", "secretariat"}
    } == {"op3", "op6", "op14", "op15"}
    assert {question.id for question in QUESTIONS if "unodc" in question.also_addressed} >= {
        "op12",
        "op13d",
        "op13h",
        "op13i",
        "op16",
    }


@every_question
def test_every_paragraph_names_verb_cluster_and_articles(question: Question) -> None:
    assert question.verb and question.addressee
    if question.id != "op13":
        assert question.clusters
        assert question.articles
    assert set(question.clusters) <= {"C1", "C2", "C3", "C4", "G"}
    assert {article.treaty for article in question.articles} <= {"tip", "untoc", "som"}


def test_only_provisions_whose_text_says_shall_are_called_mandatory() -> None:
    mandatory = {
        (article.treaty, article.article)
        for question in QUESTIONS
        for article in question.articles
        if article.level == "mandatory"
    }
    assert mandatory == {("tip", "9(5)")}


def test_the_specific_items_of_the_five_chosen_paragraphs_are_there() -> None:
    wanted = {
        "op4": {"acts", "means", "purposes", "consent_irrelevant", "child_no_means", "child_under_18", "attempt", "accomplice", "organizing", "internal",
                "no_group_needed", "jurisdiction", "amended", "bill", "law_tools"},
        "op5": {"penalty_basic_min", "penalty_basic_max", "penalty_aggravated_min", "penalty_aggravated_max", "aggravations", "limitation_years",
                "limitation_start", "legal_persons", "obstruction", "persons", "persons_by_nationality", "persons_by_form", "investigations", "proceedings", "sentences", "median_days", "cases", "trend"},
        "op13a": {"housing", "health", "psychological", "legal_aid", "interpretation", "education", "vocational_training", "job_placement", "microcredit",
                  "unconditional", "reflection_days", "residence_laws", "victims", "budget", "participation_process"},
        "op13d": {"policy", "mandatory", "policy_documents", "partnership", "extended_confiscation", "non_conviction_confiscation", "financial_investigations",
                  "weaknesses", "allocation", "fund", "paid_to_victims", "share"},
        "op13g": {"non_punishment_status", "remedies_status", "basis", "scope", "test", "stage", "detention", "removal", "remedies", "applied", "cases"},
    }  # fmt: skip
    for question_id, named in wanted.items():
        assert named <= set(aspects(INSTRUMENT.questions[question_id])), question_id


PARTS = {
    "op5": 3, "op7": 4, "op8": 2, "op11": 5, "op13d": 3, "op13g": 2, "op13i": 3, "op13j": 3, "op13k": 3, "op16": 2,
}  # fmt: skip


def test_paragraphs_of_several_actions_have_named_parts_with_a_status_each() -> None:
    assert {question.id: len(question.parts) for question in QUESTIONS if question.parts} == PARTS
    for question in QUESTIONS:
        for item_id in question.parts:
            assert INSTRUMENT.items[item_id].item_type in {"status", "consider"}


def test_a_figure_that_belongs_to_two_paragraphs_is_asked_once_and_referred_to() -> None:
    figures = {item.id for item in INSTRUMENT.items.values() if item.item_type == "statistics"}
    referred = {item_id for question in QUESTIONS for item_id in question.refers_to}
    assert {"op5.persons", "op12.victims", "op13d.financial_investigations"} <= referred & figures
    owners = {item_id: item_id.partition(".")[0] for item_id in referred}
    assert not [
        (question.id, item_id) for question in QUESTIONS for item_id in question.refers_to
        if owners[item_id] == question.id
    ]  # fmt: skip


def test_the_kind_of_reporter_counts_where_member_states_are_addressed() -> None:
    for question in QUESTIONS:
        assert (question.reporters == ("member_state", "observer_state")) == (question.addressee == "member_states")
    union = {"party_status": "party", "kind": "reio"}
    asked = {item_id.partition(".")[0] for item_id in asked_item_ids(INSTRUMENT, {}, union)}
    assert {question.id for question in QUESTIONS} - asked == {"op1", "op2", "op5", "op7", "op9", "op10"}


@every_question
def test_every_question_says_why_and_helps_with_terms_a_model_answer_and_documents(question: Question) -> None:
    english = INSTRUMENT.texts["en"]
    assert len(english[f"{question.id}.why"].split()) <= 45
    if question.id == "op13":
        return
    assert 55 <= len(english[f"{question.id}.model_answer"].split()) <= 120
    assert english[f"{question.id}.evidence_help"]
    if question.id != "op14":
        assert 1 <= len(question.terms) <= 6


def test_nothing_is_required_but_the_reason_for_not_applicable() -> None:
    assert {item.text_key for item in INSTRUMENT.items.values() if item.required} == {"common.not_applicable_reason"}


def test_every_list_with_other_words_it_and_no_information_is_an_answer_of_its_own() -> None:
    for choice_list in INSTRUMENT.choice_lists():
        if "other" in choice_list.codes and choice_list.name in INSTRUMENT.lists:
            assert choice_list.other == "other", choice_list.name
        for code in ("none", "no_information"):
            multiple = any(
                item.item_type == "choices" and choice_list in item.choice_lists() for item in INSTRUMENT.items.values()
            )
            if multiple and code in choice_list.codes:
                assert code in choice_list.exclusive, choice_list.name


# --- every condition can come true ------------------------------------------------------------------------------------

Assignment = dict[str, Any]
ANYTHING = ""
"""Any answer will do."""


def ways(condition: Condition, wanted: bool = True) -> Iterator[Assignment]:
    """Codes by item and values by fact that make the condition true (or false)."""
    combination = condition.all_ or condition.any_
    if condition.not_ is not None:
        yield from ways(condition.not_, not wanted)
    elif combination is not None:
        options = [list(ways(part, wanted)) for part in combination]
        if (condition.all_ is not None) == wanted:
            for chosen in product(*options):
                if (merged := merge(chosen)) is not None:
                    yield merged
        else:
            yield from (one for option in options for one in option)
    elif not wanted:
        yield {}
        if condition.at_least is not None and condition.item is not None:
            yield {condition.item: str(condition.at_least - 1)}
    elif condition.fact is not None:
        yield from ({str(condition.fact): value} for value in sorted(condition.codes()))
    else:
        assert condition.item is not None
        codes = sorted(condition.codes()) or [str(condition.at_least or condition.at_most or ANYTHING)]
        yield from ({condition.item: code} for code in codes)


def merge(parts: Iterable[Assignment]) -> Assignment | None:
    """All parts in one, or None when two of them want different things."""
    merged: Assignment = {}
    for part in parts:
        for key, value in part.items():
            if merged.get(key, ANYTHING) == ANYTHING:
                merged[key] = value
            elif value not in {ANYTHING, merged[key]}:
                return None
    return merged


def complete(assignment: Assignment, depth: int = 0) -> Iterator[Assignment]:
    """The assignment and what must be answered so that its own items are asked."""
    for item_id in assignment:
        item = INSTRUMENT.items.get(item_id)
        if item is not None and item.asked_if is not None and depth < 8:
            for more in ways(item.asked_if):
                if not set(more) <= set(assignment) and all(
                    assignment.get(key, value) == value for key, value in more.items()
                ):
                    yield from complete({**assignment, **more}, depth + 1)
            if not any(set(more) <= set(assignment) for more in ways(item.asked_if)):
                return
    yield assignment


def answered(assignment: Assignment) -> tuple[dict[str, Any], dict[str, str]]:
    """Typed values and facts of an assignment."""
    values = {
        key: value_of(INSTRUMENT.items[key], (code,)) for key, code in assignment.items() if key in INSTRUMENT.items
    }
    return values, {**UNKNOWN, **{key: value for key, value in assignment.items() if key in UNKNOWN}}


CONDITIONAL = [item for item in INSTRUMENT.items.values() if item.asked_if is not None]


@pytest.mark.parametrize("item", CONDITIONAL, ids=[item.id for item in CONDITIONAL])
def test_every_conditional_item_can_be_asked_and_is_not_always_asked(item: Item) -> None:
    assert item.asked_if is not None
    found = [answered(full) for way in ways(item.asked_if) for full in complete(way)]
    assert any(item.id in asked_item_ids(INSTRUMENT, *one) for one in found)
    others = [answered(way) for way in ways(item.asked_if, wanted=False)]
    unasked = [*others, ({}, {"party_status": "party"}), ({}, {"party_status": "not_party"})]
    assert any(item.id not in asked_item_ids(INSTRUMENT, *one) for one in unasked)


RULES = INSTRUMENT.findings


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.question}-{rule.code}" for rule in RULES])
def test_every_finding_can_be_raised_and_is_not_always_raised(rule: Any) -> None:
    found = [answered(full) for way in ways(rule.when) for full in complete(way)]
    assert any(
        rule.code in {one.code for one in find(INSTRUMENT, *case) if one.question_id == rule.question} for case in found
    )
    assert not [one for one in find(INSTRUMENT, {}, UNKNOWN) if one.question_id == rule.question]
