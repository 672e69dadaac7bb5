"""Narrative: free text with the language it is written in and a soft length guide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, Brief, ChoiceList, Fact, Item, Line
from instruments.items.fields import CompositeControl, SelectControl, TextControl
from instruments.texts import Texts
from instruments.values import Narrative as NarrativeValue

if TYPE_CHECKING:
    from instruments.merging import Merging

LANGUAGES = ChoiceList("answer_language", ("ar", "zh", "en", "fr", "ru", "es", "other"))
LONGEST = 100_000
"""Characters; some 200 pages. Longer text is kept as typed, with the remedy: attach it as a file."""


class NarrativeControl(CompositeControl):
    """A text area and the language of the text; the language of the page is proposed."""

    control = "narrative"

    def __init__(self, *, words: int, texts: Texts, **kwargs: Any):
        super().__init__(
            parts={
                "text": lambda _part: UnboundField(TextControl, texts=texts, label_text=kwargs.get("label_text"), maximum=LONGEST),
                "language": lambda _part: UnboundField(
                    SelectControl, texts=texts, choice_list=LANGUAGES, label_text=texts("type.narrative.language")
                ),
            },
            texts=texts, **kwargs,
        )  # fmt: skip
        self.words = words

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        if not self.inner["language"].raw:
            self.inner["language"].raw = self.texts.language

    def join(self, parts: dict[str, Any]) -> NarrativeValue | None:
        if parts["text"] is None:
            return None
        return NarrativeValue(text=parts["text"], language=parts["language"] or self.texts.language)


class Narrative(Item):
    """Free text. `words` is a guide shown beside the field, never a limit."""

    item_type: ClassVar[str] = "narrative"
    value_type: ClassVar[Any] = NarrativeValue
    own_texts: ClassVar[tuple[str, ...]] = ("type.narrative.language",)

    words: int = 600

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            NarrativeControl, texts=context.texts, label_text=self.label(context.texts),
            hint_text=self.hint(context.texts), words=self.words,
        )  # fmt: skip

    def choice_lists(self) -> tuple[ChoiceList, ...]:
        return (LANGUAGES,)

    def findings(self, value: NarrativeValue) -> Iterable[str]:
        if len(value.text.split()) > 2 * self.words:
            yield "long_narrative"

    def merge(
        self, base: NarrativeValue | None, theirs: NarrativeValue | None, mine: NarrativeValue | None, merging: Merging
    ) -> NarrativeValue | None:
        before, one, other = (side or NarrativeValue(text="", language="") for side in (base, theirs, mine))
        text = merging.text("text", before.text, one.text, other.text, longest=LONGEST)
        if not text.strip():
            return None
        # Where one side has no text any more, the text is the other's, and so is its language.
        language = one.language if not other.text else other.language if not one.text else ""
        if not language:
            language = merging.one("language", before.language, one.language, other.language)
        return NarrativeValue(text=text, language=language)

    def facts(self, value: NarrativeValue, texts: Texts) -> Iterator[Fact]:
        yield Fact(text=value.text, language=value.language)

    def lines(self, value: NarrativeValue, texts: Texts) -> list[Line]:
        return [Line(value.text, language="und" if value.language == "other" else value.language)]

    def brief(self, value: NarrativeValue, texts: Texts) -> Brief:
        return Brief(self.lines(value, texts), is_text=True)
