"""What is asked, and how far a State has come. Invented instruments with conditions in every direction, and the real one."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.catalog import load_instrument
from instruments.items.legal_references import LegalReference
from instruments.routing import asked_item_ids, find, missing_items, progress
from instruments.schema import Instrument, build_instrument
from instruments.values import Narrative
from tests.instruments.answers import facts, values_for

REAL = load_instrument()
NARRATIVE = Narrative(text="As described.", language="en")
UNKNOWN = {"party_status": "unknown", "kind": "member_state"}

CODES = ["yes", "partly", "no"]
NAMES = [f"op{number}.item" for number in range(1, 9)]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document of eight questions whose items depend on one another without a circle, in whatever order they stand."""
    order = list(draw(st.permutations(NAMES)))
    questions = []
    for name in NAMES:
        earlier: list[str] = order[: order.index(name)]
        item: dict[str, Any] = {"id": name, "type": "choice", "list": "codes", "group": "g"}
        if earlier and draw(st.sampled_from([True, False])):
            item["asked_if"] = draw(conditions_on(earlier))
        asked_of = draw(st.sampled_from(["everyone", "everyone", "parties", "not_parties"]))
        questions.append(
            {
                "id": name.partition(".")[0],
                "number": "1",
                "verb": "urges",
                "addressee": "states",
                "asked_of": asked_of,
                "items": [item],
            }
        )
    return {
        "structure": {
            "instrument": "invented", "version": "1", "source_language": "en", "lists": {"codes": {"codes": CODES}}, "groups": ["g"],
            "sections": [{"id": "s", "questions": questions}],
        },
        "texts": {},
    }  # fmt: skip


def conditions_on(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A condition that looks at these items."""
    single = st.one_of(
        st.fixed_dictionaries({"item": st.sampled_from(names), "is": st.sampled_from(CODES)}),
        st.fixed_dictionaries({"item": st.sampled_from(names), "answered": st.sampled_from(["yes", "no"])}),
    )
    return st.recursive(
        single,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=2).map(lambda some: {"any": some}),
            st.lists(inner, min_size=1, max_size=2).map(lambda some: {"all": some}),
            inner.map(lambda one: {"not": one}),
        ),
        max_leaves=4,
    )


invented = documents().map(lambda document: build_instrument(document, ""))
answers = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(CODES))


def only(values: dict[str, Any], asked: frozenset[str]) -> dict[str, Any]:
    """The values of items that are asked."""
    return {item_id: value for item_id, value in values.items() if item_id in asked}


@given(invented, answers, facts)
def test_an_item_that_is_not_asked_counts_as_not_answered(
    instrument: Instrument, values: dict[str, Any], known: dict[str, str]
) -> None:
    asked = asked_item_ids(instrument, values, known)
    assert asked_item_ids(instrument, only(values, asked), known) == asked
    for item in instrument.items.values():
        question = instrument.questions[item.question_id]
        holds = item.asked_if is None or item.asked_if.holds(only(values, asked), known)
        assert (item.id in asked) == (question.is_asked_of(known) and holds)


@given(documents(), answers, facts, st.randoms(use_true_random=False))
def test_the_order_of_questions_and_answers_changes_nothing(
    document: dict[str, Any], values: dict[str, Any], known: dict[str, str], chance: random.Random
) -> None:
    asked = asked_item_ids(build_instrument(document, ""), values, known)
    section = document["structure"]["sections"][0]
    questions, pairs = list(section["questions"]), list(values.items())
    chance.shuffle(questions)
    chance.shuffle(pairs)
    shuffled = {**document, "structure": {**document["structure"], "sections": [{**section, "questions": questions}]}}
    assert asked_item_ids(build_instrument(shuffled, ""), dict(pairs), known) == asked


@given(invented, answers, st.sampled_from(NAMES), st.sampled_from(CODES))
def test_an_answer_hidden_for_a_while_counts_again_as_before(
    instrument: Instrument, values: dict[str, Any], name: str, code: str
) -> None:
    before = asked_item_ids(instrument, values, UNKNOWN)
    asked_item_ids(instrument, {**values, name: code}, UNKNOWN)
    assert asked_item_ids(instrument, dict(values), UNKNOWN) == before


@settings(max_examples=60)
@given(values_for(REAL), facts)
def test_the_real_questionnaire_is_consistent_whatever_is_answered(
    values: dict[str, Any], known: dict[str, str]
) -> None:
    asked = asked_item_ids(REAL, values, known)
    assert asked <= set(REAL.items)
    assert asked_item_ids(REAL, only(values, asked), known) == asked
    for question in REAL.questions.values():
        done = progress(question.items, asked, only(values, asked))
        assert 0 <= done.answered <= done.asked
        assert all(item.id in asked and item.id not in values for item in missing_items(question, asked, values))
    found = find(REAL, values, known)
    assert find(REAL, only(values, asked), known) == found
    assert all(not finding.item_id or finding.item_id in asked for finding in found)
    order = list(REAL.questions)
    assert [order.index(finding.question_id) for finding in found] == sorted(
        order.index(finding.question_id) for finding in found
    )


def test_while_the_party_status_is_unknown_everybody_is_asked() -> None:
    for question in REAL.questions.values():
        assert question.is_asked_of({"party_status": "unknown"})
        assert question.is_asked_of({})
    assert not REAL.questions["op8"].is_asked_of({"party_status": "not_party"})
    assert REAL.questions["op8"].is_asked_of({"party_status": "party"})


def test_paragraph_1_asks_a_party_to_confirm_and_another_state_for_its_steps() -> None:
    def asked(status: str, **values: str) -> set[str]:
        given = {f"op1.{name}": value for name, value in values.items()}
        found = asked_item_ids(REAL, given, {"party_status": status, "kind": "member_state"})
        return {item_id.partition(".")[2] for item_id in found if item_id.startswith("op1.")}

    steps, confirmation = {"stage", "difficulties", "assistance"}, {"reservation", "notifications"}
    assert {"record", *confirmation} <= asked("party") and not asked("party") & {"party", *steps}
    assert steps <= asked("not_party") and not asked("not_party") & {"party", "record", *confirmation}
    assert "party" in asked("unknown") and not asked("unknown") & {"record", *steps, *confirmation}
    assert {"party_since", *confirmation} <= asked("unknown", party="party")
    assert steps <= asked("unknown", party="not_party") and "party_since" not in asked("unknown", party="not_party")


def test_a_hidden_answer_is_kept_out_of_findings_and_progress_and_comes_back() -> None:
    values = {
        "op4.status_practice": "fully_implemented",
        "op4.status_law": "fully_implemented",
        "op4.laws": (),
        "op4.narrative": NARRATIVE,
    }
    with_laws = {**values, "op4.laws": (LegalReference(row_id="r1", title="Act"),)}
    assert "op4.laws" in asked_item_ids(REAL, with_laws, UNKNOWN)
    hidden = {**with_laws, "op4.status_practice": "not_implemented", "op4.status_law": "not_implemented"}
    asked = asked_item_ids(REAL, hidden, UNKNOWN)
    assert "op4.laws" not in asked
    assert progress([REAL.items["op4.laws"]], asked, hidden).asked == 0
    assert "op4.laws" in asked_item_ids(REAL, with_laws, UNKNOWN)


def codes_found(values: dict[str, Any]) -> set[str]:
    """The codes of the findings, not those of required items."""
    return {finding.code for finding in find(REAL, values, UNKNOWN)}


def test_implemented_without_any_reference_is_found_and_one_reference_settles_it() -> None:
    claim = {"op4.status_practice": "fully_implemented"}
    assert "implemented_without_reference" in codes_found(claim)
    assert "implemented_without_reference" not in codes_found(
        {**claim, "op4.laws": (LegalReference(row_id="r1", title="Act"),)}
    )


def test_criminalization_denied_and_predicate_affirmed_is_found() -> None:
    claim = {"op4.status_law": "not_implemented", "op9.predicate": "yes"}
    assert "op4_and_op9" in codes_found(claim)
    assert "op4_and_op9" not in codes_found({**claim, "op9.predicate": "no"})


def test_not_applicable_asks_for_a_reason_and_its_absence_is_a_finding() -> None:
    claim = {"op2.status_practice": "not_applicable"}
    asked = asked_item_ids(REAL, claim, UNKNOWN)
    question = REAL.questions["op2"]
    assert "op2.not_applicable_reason" in {item.id for item in missing_items(question, asked, claim)}
    assert "not_applicable_without_reason" in codes_found(claim)
    assert "not_applicable_without_reason" not in codes_found({**claim, "op2.not_applicable_reason": NARRATIVE})


def test_nothing_answered_gives_no_finding_and_misses_only_headlines_and_required_items() -> None:
    assert find(REAL, {}, UNKNOWN) == []
    asked = asked_item_ids(REAL, {}, UNKNOWN)
    for question in REAL.questions.values():
        assert {item.id for item in missing_items(question, asked, {})} <= {
            question.headline,
            *(item.id for item in question.items if item.required),
        }


def test_a_question_that_is_not_asked_raises_no_finding() -> None:
    document = {
        "structure": {
            "instrument": "invented", "version": "1", "source_language": "en", "lists": {"codes": {"codes": CODES}}, "groups": ["g"],
            "sections": [{"id": "s", "questions": [{"id": "op1", "number": "1", "verb": "urges", "addressee": "states_parties", "asked_of": "parties",
                "items": [{"id": "op1.item", "type": "choice", "list": "codes", "group": "g"}]}]}],
            "findings": [{"code": "silent", "question": "op1", "when": {"item": "op1.item", "answered": "no"}}],
        },
        "texts": {},
    }  # fmt: skip
    instrument = build_instrument(document, "")
    assert [finding.code for finding in find(instrument, {}, {"party_status": "party"})] == ["silent"]
    assert find(instrument, {}, {"party_status": "not_party"}) == []
