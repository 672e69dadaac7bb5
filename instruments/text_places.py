"""Where a text is shown, in a few English words: a translator sees the number of the paragraph and the kind of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from instruments.schema import Instrument, Question

MOST_NUMBERS = 6

_OF_QUESTION = {
    "label": "name of the paragraph",
    "paragraph": "words of the resolution",
    "lead": "the question asked",
    "number": "number as the language prints it",
    "why": "why this is asked",
    "note": "note beside the question",
    "model_answer": "example of an answer",
    "evidence_help": "documents that help",
}
_METADATA = {
    "verb": "verb of the paragraph",
    "strength": "what the verb means",
    "addressee": "addressee",
    "cluster": "cluster of the review mechanism",
    "treaty": "treaty",
    "level": "level of obligation",
    "group": "heading of a group of items",
    "section": "heading of a section",
    "instrument": "title or notice of the questionnaire",
    "finding": "remark before clearance",
    "error": "message at a field",
    "unit": "unit after a figure",
}


def places(instrument: Instrument) -> Mapping[str, str]:
    """Where each key that the structure names is shown: `13(d): label of an item (narrative)`."""
    numbers: dict[str, dict[str, None]] = {}
    kinds: dict[str, str] = {}
    for question in instrument.questions.values():
        for key, kind in _of_question(question):
            numbers.setdefault(key, {})[question.number] = None
            kinds.setdefault(key, kind)
    return {key: f"{_few(list(numbers[key]))}: {kind}" for key, kind in kinds.items()}


def place_of(known: Mapping[str, str], key: str) -> str:
    """Where a key is shown; by its first word where the structure does not name it."""
    first, _dot, rest = key.partition(".")
    if key in known:
        return known[key]
    if first == "type":
        last = " (hint)" if rest.endswith(".hint") else ""
        return f"part of an answer ({rest.partition('.')[0].replace('_', ' ')}){last}"
    if first == "list":
        return f"answer to choose, list {rest.partition('.')[0]}{' (explanation)' if rest.endswith('.help') else ''}"
    return _METADATA.get(first, "questionnaire")


def _of_question(question: Question) -> Iterator[tuple[str, str]]:
    yield from ((f"{question.id}.{part}", kind) for part, kind in _OF_QUESTION.items())
    yield f"verb.{question.verb}", _METADATA["verb"]
    yield f"strength.{question.verb}", _METADATA["strength"]
    yield from (
        (f"addressee.{code}", _METADATA["addressee"]) for code in (question.addressee, *question.also_addressed)
    )
    yield from ((f"cluster.{code}", _METADATA["cluster"]) for code in question.clusters)
    for article in question.articles:
        yield f"treaty.{article.treaty}", _METADATA["treaty"]
        yield f"level.{article.level}", _METADATA["level"]
    for term in question.terms:
        yield f"term.{term}.label", "term explained beside the question"
        yield f"term.{term}.definition", "meaning of a term"
    for item in question.items:
        kind = type(item).item_type.replace("_", " ")
        yield f"{item.text_key}.label", f"label of an item ({kind})"
        yield f"{item.text_key}.hint", f"hint at an item ({kind})"
        yield from ((key, f"part of an answer ({kind})") for key in item.own_texts)
        for choice_list in item.choice_lists():
            for code in choice_list.codes:
                yield f"list.{choice_list.name}.{code}", "answer to choose"
                yield f"list.{choice_list.name}.{code}.help", "explanation of an answer to choose"
        yield from ((key, f"line or part of an item ({kind})") for key in item.text_keys())


def _few(numbers: list[str]) -> str:
    if len(numbers) <= MOST_NUMBERS:
        return ", ".join(numbers)
    return f"{', '.join(numbers[: MOST_NUMBERS - 1])} … ({len(numbers)} paragraphs)"
