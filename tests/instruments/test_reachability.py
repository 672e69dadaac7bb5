"""A condition that can never come true is found, with the item it keeps from being asked; one that can is left alone."""

from __future__ import annotations

from itertools import chain, combinations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments import reachability
from instruments.catalog import load_instrument
from instruments.conditions import Condition
from instruments.reachability import ALL_FACTS, Reachability
from instruments.routing import asked_item_ids
from instruments.schema import Instrument, build_instrument
from instruments.values import Chosen
from tests.instruments.small import problems, write_small_instrument

ITEMS = """\
    - {id: op1.days, type: whole_number, maximum: '30', group: specific}
    - {id: op1.share, type: decimal, minimum: '0', maximum: '100', group: specific}
    - {id: op1.paid, type: amount, group: specific}
    - {id: op1.since, type: date, group: specific}
    - {id: op1.lasted, type: period, group: specific}
    - {id: op1.many, type: choices, list: colours, group: specific}
    - {id: op1.blue, type: narrative, group: specific, asked_if: {item: op1.colour, is: blue}}
    - {id: op1.tested, type: narrative, group: specific, asked_if: CONDITION}
"""
LABELS = "".join(
    f"  op1.{name}.label: نص {name}\n"
    for name in ("days", "share", "paid", "since", "lasted", "many", "blue", "tested")
)


def found_with(folder: Path, condition: str, question: str = "") -> list[str]:
    """What is wrong with the small instrument when one more item is asked under the condition."""
    write_small_instrument(folder)
    path = folder / "instrument.yaml"
    text = path.read_text(encoding="utf-8").replace("findings:", ITEMS.replace("CONDITION", condition) + "findings:")
    path.write_text(text.replace("    verb: urges\n", f"    verb: urges\n{question}"), encoding="utf-8")
    texts = folder / "text.ar.yaml"
    texts.write_text(texts.read_text(encoding="utf-8") + LABELS, encoding="utf-8")
    return problems(folder)


def both(*parts: str) -> str:
    return f"{{all: [{', '.join(parts)}]}}"


SOUND = [
    "{item: op1.days, at_least: '30'}", "{item: op1.days, at_most: '0'}", "{item: op1.share, at_least: '99.9'}",
    "{item: op1.paid, at_least: '1000000'}", "{item: op1.since, after: '2020-01-01'}", "{item: op1.lasted, before: '1900-01-01'}",
    "{not: {item: op1.colour, answered: 'yes'}}", "{item: op1.colour, answered: 'no'}", "{fact: kind, is: reio}",
    both("{item: op1.days, at_least: '5'}", "{item: op1.days, at_most: '5'}"),
    both("{item: op1.share, at_least: '1'}", "{not: {item: op1.share, at_least: '1.01'}}"),
    both("{item: op1.since, after: '2020-01-01'}", "{item: op1.since, before: '2020-01-03'}"),
    both("{item: op1.many, is: red}", "{item: op1.many, is: blue}"),
    both("{item: op1.many, is: red}", "{not: {item: op1.many, is: blue}}"),
    both("{item: op1.blue, answered: 'yes'}", "{item: op1.colour, in: [red, blue]}"),
    both("{fact: kind, is: reio}", "{fact: party_status, is: party}"),
    "{any: [{item: op1.colour, is: red}, " + both("{item: op1.colour, is: blue}", "{item: op1.colour, is: other}") + "]}",
]  # fmt: skip


@pytest.mark.parametrize("condition", SOUND)
def test_a_condition_that_can_come_true_is_left_alone(tmp_path: Path, condition: str) -> None:
    assert found_with(tmp_path, condition) == []


NEVER = [
    (both("{item: op1.colour, is: red}", "{item: op1.colour, is: blue}"), "one choice is two things"),
    (both("{item: op1.colour, is: red}", "{not: {item: op1.colour, answered: 'yes'}}"), "answered and not answered"),
    (both("{item: op1.days, at_least: '6'}", "{item: op1.days, at_most: '5'}"), "more and less"),
    (both("{not: {item: op1.days, at_least: '5'}}", "{not: {item: op1.days, at_most: '4'}}", "{item: op1.days, answered: 'yes'}"), "between two whole numbers"),
    (both("{item: op1.since, after: '2020-01-01'}", "{item: op1.since, before: '2020-01-02'}"), "between two days"),
    (both("{item: op1.many, is: red}", "{not: {item: op1.many, in: [red, blue]}}"), "chosen and not chosen"),
    (both("{item: op1.colour, answered: 'yes'}", "{not: {item: op1.colour, in: [red, blue, other]}}"), "none of all codes"),
    (both("{item: op1.blue, answered: 'yes'}", "{item: op1.colour, is: red}"), "an item that is asked otherwise"),
    (both("{fact: party_status, is: party}", "{fact: party_status, is: not_party}"), "two facts"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "_name"), NEVER, ids=[name for _condition, name in NEVER])
def test_an_item_that_nobody_can_be_asked_is_named(tmp_path: Path, condition: str, _name: str) -> None:
    (problem,) = found_with(tmp_path, condition)
    line = (tmp_path / "instrument.yaml").read_text(encoding="utf-8").partition("op1.tested")[0].count("\n") + 1
    assert problem.startswith(f"instrument.yaml, line {line}: op1.tested: it is never asked: ")
    assert problem.endswith("Correct the condition, or remove it with what it stands for.")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("{item: op1.days, at_least: '31'}", "op1.days with at_least: 31"),
        ("{item: op1.days, at_most: '-1'}", "op1.days with at_most: -1"),
        ("{item: op1.share, at_least: '100.5'}", "op1.share with at_least: 100.5"),
        ("{item: op1.paid, at_most: '-0.01'}", "op1.paid with at_most: -0.01"),
        ("{item: op1.since, at_least: '3'}", "op1.since with at_least: 3"),
        ("{item: op1.days, after: '2020-01-01'}", "op1.days with after: 2020-01-01"),
        ("{item: op1.since, after: '2300-01-01'}", "op1.since with after: 2300-01-01"),
        ("{item: op1.country, at_least: '3'}", "op1.country with at_least: 3"),
        ("{any: [{item: op1.colour, is: red}, {item: op1.days, at_least: '99'}]}", "op1.days with at_least: 99"),
    ],
)
def test_a_test_that_no_answer_meets_is_named(tmp_path: Path, condition: str, said: str) -> None:
    (problem,) = found_with(tmp_path, condition)
    assert f"op1.tested: asked_if tests {said}, which none of its answers meets. Correct the test." in problem


def test_what_hangs_on_an_item_that_is_never_asked_says_so(tmp_path: Path) -> None:
    write_small_instrument(tmp_path)
    path = tmp_path / "instrument.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "{item: op1.colour, is: blue}", both("{item: op1.colour, is: blue}", "{item: op1.colour, is: red}")
    )
    second = "    - {id: op1.land, type: choice, list: norway, group: specific, asked_if: {item: op1.why, answered: 'yes'}}\n"
    path.write_text(text.replace("findings:", f"{second}findings:"), encoding="utf-8")
    texts = tmp_path / "text.ar.yaml"
    texts.write_text(texts.read_text(encoding="utf-8") + "  op1.land.label: نص\n", encoding="utf-8")
    found = problems(tmp_path)
    assert len(found) == 2
    assert "(op1.why is never asked)" in next(problem for problem in found if "op1.land" in problem)


def test_whom_a_question_is_asked_of_counts(tmp_path: Path) -> None:
    condition = "{fact: party_status, is: not_party}"
    assert found_with(tmp_path, condition) == []
    (problem,) = found_with(tmp_path, condition, "    asked_of: parties\n")
    assert "op1.tested: it is never asked" in problem
    (problem,) = found_with(tmp_path, "{fact: kind, is: reio}", "    reporters: [member_state]\n")
    assert "op1.tested: it is never asked" in problem


def test_a_finding_that_is_never_raised_is_named_with_its_line(tmp_path: Path) -> None:
    write_small_instrument(tmp_path)
    path = tmp_path / "instrument.yaml"
    text = path.read_text(encoding="utf-8").replace("{item: $headline, is: fully_implemented}, {not", "{item: $headline, is: not_implemented}, {item: $laws, answered: 'yes'}, {not")  # fmt: skip
    path.write_text(text, encoding="utf-8")
    (problem,) = problems(tmp_path)
    line = text.partition("- code: colour_without_law")[0].count("\n") + 1
    assert problem.startswith(f"instrument.yaml, line {line}: finding colour_without_law: it is never raised: ")


def test_a_search_that_takes_too_long_finds_nothing_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "MOST_STEPS", 1)
    assert found_with(tmp_path, NEVER[0][0]) == []


def test_a_long_condition_is_looked_through_at_once(tmp_path: Path) -> None:
    colours = [
        f"{{any: [{{item: op1.colour, is: {code}}}, {{item: op1.many, is: {code}}}]}}" for code in ("red", "blue")
    ]
    assert found_with(tmp_path, both(*(colours * 30))) == []


# --- against trying everything out ------------------------------------------------------------------------------------

CODES, MORE, NUMBERS = ("a", "b", "c"), ("x", "y"), range(4)


def subsets(codes: tuple[str, ...]) -> list[Chosen]:
    chosen = chain.from_iterable(combinations(codes, size) for size in range(1, len(codes) + 1))
    return [Chosen(codes=one) for one in chosen]


ANSWERS: dict[str, list[Any]] = {
    "q.one": [None, *CODES],
    "q.more": [None, *subsets(MORE)],
    "q.number": [None, *NUMBERS],
}


def conditions(known: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions on the items that stand before."""
    tests: list[Any] = [
        st.sampled_from([{"fact": "party_status", "is": "party"}, {"fact": "kind", "in": ["reio", "member_state"]}])
    ]
    if "q.one" in known:
        tests.append(
            st.lists(st.sampled_from(CODES), min_size=1, max_size=2).map(lambda codes: {"item": "q.one", "in": codes})
        )
    if "q.more" in known:
        tests.append(st.sampled_from(MORE).map(lambda code: {"item": "q.more", "is": code}))
    if "q.number" in known:
        tests.append(st.sampled_from(["at_least", "at_most"]).flatmap(
            lambda key: st.sampled_from(NUMBERS).map(lambda number: {"item": "q.number", key: str(number)})
        ))  # fmt: skip
    if known:
        tests.append(st.sampled_from(known).flatmap(
            lambda item: st.sampled_from(["yes", "no"]).map(lambda given: {"item": item, "answered": given})
        ))  # fmt: skip
    return st.recursive(
        st.one_of(tests),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).flatmap(
                lambda parts: st.sampled_from([{"all": parts}, {"any": parts}])
            ),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=5,
    )


def built(given: tuple[Any, Any, Any]) -> Instrument:
    """Four items in a row, of which each of the last three is asked under a condition on those before."""
    items: list[dict[str, Any]] = [
        {"id": "q.one", "type": "choice", "list": "one", "group": "g"},
        {"id": "q.more", "type": "choices", "list": "more", "group": "g", "asked_if": given[0]},
        {"id": "q.number", "type": "whole_number", "maximum": "3", "group": "g", "asked_if": given[1]},
        {"id": "q.last", "type": "narrative", "group": "g", "asked_if": given[2]},
    ]
    question = {"id": "q", "number": "1", "verb": "v", "addressee": "a", "asked_of": "parties", "items": items}
    structure = {
        "instrument": "i", "version": "1", "source_language": "en", "groups": ["g"],
        "lists": {"one": {"codes": list(CODES)}, "more": {"codes": list(MORE)}},
        "sections": [{"id": "s", "questions": [question]}],
    }  # fmt: skip
    return build_instrument({"structure": structure, "texts": {}}, "")


@settings(max_examples=60)
@given(st.tuples(conditions(("q.one",)), conditions(("q.one", "q.more")), conditions(("q.one", "q.more", "q.number"))))
def test_the_search_finds_what_trying_out_every_answer_finds(given: tuple[Any, Any, Any]) -> None:
    instrument = built(given)
    search = Reachability(instrument)
    asked: set[str] = set()
    for values in product(*ANSWERS.values()):
        answers = {item_id: value for item_id, value in zip(ANSWERS, values, strict=True) if value is not None}
        for facts in ALL_FACTS:
            asked |= asked_item_ids(instrument, answers, facts)
    assert {item_id for item_id in instrument.items if search.is_ever_asked(item_id)} == asked


def test_every_item_and_every_finding_of_the_shipped_questionnaire_can_come_up() -> None:
    instrument = load_instrument()
    search = Reachability(instrument)
    assert not [item_id for item_id in instrument.items if not search.is_ever_asked(item_id)]
    for rule in instrument.findings:
        assert search.can_hold(rule.when, instrument.questions[rule.question]), rule
    assert Condition.model_validate({"item": "x", "at_least": "5"}).words() == "at_least: 5"
