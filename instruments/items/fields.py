"""The controls that item types are made of: WTForms fields that turn typed text into values, or say why they cannot.

Each has `control` (which template prints it), `label_text` and `hint_text`. `data` is the typed value or None; `errors`
is filled when what was typed cannot be read, and then the typed text is what is shown again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from wtforms import Field
from wtforms.widgets import CheckboxInput, HiddenInput, TextArea, TextInput

from instruments.items.base import ChoiceList
from instruments.texts import Message, Text, Texts
from instruments.typed import FIRST_YEAR, LAST_YEAR, Ambiguous, Unreadable, read_day, read_number
from instruments.values import REGISTER_KEY

LARGEST_NUMBER = Decimal(10) ** 15
"""Excel keeps 15 digits; a larger figure is a typing error."""

LONGEST_QUOTE = 80
"""Characters of what was typed that an error sentence repeats; the whole text stands in the control."""

_HOST = re.compile(r"[^\s.<>\"'\\^`{|}]+(?:\.[^\s.<>\"'\\^`{|}]+)+\.?")


class Control(Field):
    """A field with its texts. Subclasses give `read` (text to value) and `show` (value to text)."""

    control = "text"
    widget: Any = TextInput()

    def __init__(self, *, texts: Texts, label_text: Text | None = None, hint_text: Text | None = None, **kwargs: Any):
        super().__init__(label=str(label_text or ""), **kwargs)
        self.texts = texts
        self.label_text = label_text
        self.hint_text = hint_text
        self.raw = ""

    @property
    def label_words(self) -> str:
        """The label as a string, for error sentences."""
        return str(self.label_text or "")

    def read(self, text: str) -> Any:
        """The value of the typed text. Raises ValueError with a Message when it cannot be read."""
        return text

    def show(self, value: Any) -> str:
        """The text shown for a value."""
        return "" if value is None else str(value)

    def problem(self, code: str, **values: object) -> ValueError:
        """A ValueError that carries the translated sentence and its stable code."""
        typed = str(values.pop("typed", ""))
        quote = typed if len(typed) <= LONGEST_QUOTE else f"{typed[:LONGEST_QUOTE]}…"
        return ValueError(self.texts.message(code, label=self.label_words, **values, typed=quote))

    def process_data(self, value: Any) -> None:
        self.data = value
        self.raw = self.show(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.raw = valuelist[0] if valuelist else ""
        stripped = self.raw.strip()
        self.data = None
        if stripped:
            self.data = self.read(stripped)

    def _value(self) -> str:
        return self.raw


class LineControl(Control):
    """A single line of text, at most `maximum` characters."""

    def __init__(self, *, maximum: int = 500, **kwargs: Any):
        super().__init__(**kwargs)
        self.maximum = maximum

    def read(self, text: str) -> str:
        if len(text) > self.maximum:
            raise self.problem("too_long", maximum=self.maximum)
        return text


class TextControl(LineControl):
    """Text of several lines."""

    control = "textarea"
    widget: Any = TextArea()


class WholeNumberControl(Control):
    """A whole number; digits of any script and thousands in groups are understood, `1,234` alone is not."""

    inputmode = "numeric"

    def __init__(self, *, minimum: int | None = 0, maximum: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.minimum, self.maximum = minimum, maximum

    def read(self, text: str) -> int:
        try:
            read = read_number(text, 0)
        except Unreadable:
            raise self.problem("whole_number", typed=text) from None
        if read.as_tuple().exponent != 0:
            raise self.problem("whole_number", typed=text)
        number = int(read) if abs(read) < LARGEST_NUMBER else int(LARGEST_NUMBER.copy_sign(read))
        if self.minimum is not None and number < self.minimum:
            raise self.problem("too_small", minimum=self.minimum, typed=text)
        if abs(number) >= LARGEST_NUMBER or (self.maximum is not None and number > self.maximum):
            raise self.problem("too_large", maximum=self.maximum or LARGEST_NUMBER, typed=text)
        return number


class DecimalControl(Control):
    """A number with a decimal point or comma. `1,234` is refused: it is 1234 to some and 1.234 to others."""

    inputmode = "decimal"

    def __init__(
        self, *, places: int = 2, minimum: Decimal | None = None, maximum: Decimal | None = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.places, self.minimum, self.maximum = places, minimum, maximum

    def read(self, text: str) -> Decimal:
        try:
            number = read_number(text, self.places)
        except Ambiguous:
            raise self.problem("ambiguous_number", typed=text) from None
        except Unreadable:
            raise self.problem("number", typed=text) from None
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > self.places:
            raise self.problem("too_many_places", places=self.places, typed=text)
        if self.minimum is not None and number < self.minimum:
            raise self.problem("too_small", minimum=self.minimum, typed=text)
        if abs(number) >= LARGEST_NUMBER or (self.maximum is not None and number > self.maximum):
            raise self.problem("too_large", maximum=self.maximum or LARGEST_NUMBER, typed=text)
        return number

    def show(self, value: Any) -> str:
        return "" if value is None else f"{value:f}"


class DateControl(Control):
    """A day: `2026-06-30` (what a date picker sends), `30.6.2026`, `2026年6月30日`. `3/4/2026` is refused as ambiguous."""

    control = "date"

    def read(self, text: str) -> date:
        try:
            return read_day(text)
        except Ambiguous:
            raise self.problem("ambiguous_date", typed=text) from None
        except Unreadable:
            raise self.problem("date", typed=text) from None

    def show(self, value: Any) -> str:
        return "" if value is None else value.isoformat()


class YearControl(WholeNumberControl):
    """A year of four digits."""

    def read(self, text: str) -> int:
        year = super().read(text)
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise self.problem("year", typed=text)
        return year


class LinkControl(LineControl):
    """A web address with http or https; one without a scheme is taken as https."""

    control = "link"

    def read(self, text: str) -> str:
        address = super().read(text)
        if "://" not in address:
            address = f"https://{address}"
        try:
            parts = urlsplit(address)
        except ValueError:
            raise self.problem("link", typed=text) from None
        # A name before the host ("https://ministry.example@other.example") only serves to mislead.
        if (
            parts.scheme not in {"http", "https"}
            or "@" in parts.netloc
            or not _HOST.fullmatch(parts.hostname or "")
            or re.search(r"\s", address)
        ):
            raise self.problem("link", typed=text)
        return address


class ChoiceControl(Control):
    """One code of a list, as radio buttons; `choices_texts` are (code, label, help or None)."""

    control = "choices"

    def __init__(self, *, choice_list: ChoiceList, control: str = "choices", **kwargs: Any):
        super().__init__(**kwargs)
        self.choice_list = choice_list
        self.control = control

    @property
    def choices_texts(self) -> list[tuple[str, Text, Text | None]]:
        """(code, label, help) of every choice, in the list's order."""
        name = self.choice_list.name
        return [
            (code, self.texts.option(name, code), self.texts.get(f"list.{name}.{code}.help"))
            for code in self.choice_list.codes
        ]

    def read(self, text: str) -> str:
        if text not in self.choice_list.codes:
            raise self.problem("choice", typed=text)
        return text


class SelectControl(ChoiceControl):
    """One code of a list, as a drop-down with an empty first entry; its template writes the options."""

    def __init__(self, **kwargs: Any):
        super().__init__(control="select", **kwargs)


class OfferedControl(Control):
    """A drop-down of entries of the State register, known only when the page is printed; `options` are (key, words).

    An entry that was removed meanwhile stays chosen; what is no key at all is taken as nothing chosen.
    """

    control = "offered"

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.options: list[tuple[str, Text]] = []

    def read(self, text: str) -> str | None:
        return text if REGISTER_KEY.fullmatch(text) else None

    @property
    def chosen_words(self) -> Text | None:
        """The words of what is chosen; None when nothing is, or when it is not offered any more."""
        return dict(self.options).get(self.data)


class CheckControl(Control):
    """A single check box; ticked is True, not ticked is False."""

    control = "check"
    widget = CheckboxInput()
    false_values = ()

    def process_data(self, value: Any) -> None:
        self.data = bool(value)
        self.raw = "y"

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = bool(valuelist and valuelist[0])
        self.raw = "y"


class HiddenControl(Control):
    """A value the person does not see, such as a row id; never an error, for nobody could correct it."""

    control = "hidden"
    widget = HiddenInput()


class CompositeControl(Control):
    """Several controls with names `<name>-<part>`; subclasses give `parts` and join them into one value.

    `parts` maps a part's name to a function that builds the unbound inner field.
    """

    def __init__(self, *, parts: dict[str, Callable[[str], Any]], **kwargs: Any):
        form = kwargs.pop("_form", None)
        super().__init__(_form=form, **kwargs)
        self.inner: dict[str, Any] = {
            part: build(part).bind(form=form, name=f"{self.name}-{part}", prefix="", translations=None)
            for part, build in parts.items()
        }

    def part_data(self, value: Any) -> dict[str, Any]:
        """The value taken apart for the inner controls."""
        return {part: getattr(value, part) for part in self.inner} if value is not None else {}

    def join(self, parts: dict[str, Any]) -> Any:
        """The value made of the inner values; None when nothing was given. Raises ValueError with a Message."""
        raise AssertionError(f"{type(self).__name__} gives no join")

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        taken_apart = self.part_data(data)
        for part, field in self.inner.items():
            # With form data an absent inner field is empty, not "as stored": a box that was unticked sends nothing.
            field.process(formdata, taken_apart.get(part))
        self.data = data
        if formdata is not None:
            self.data = None
            try:
                self.process_errors = [message for field in self.inner.values() for message in field.process_errors]
                if not self.process_errors:
                    self.data = self.join({part: field.data for part, field in self.inner.items()})
            except ValueError as error:
                self.process_errors = [error.args[0]]
        self.errors = list(self.process_errors)
        for field in self.inner.values():
            field.errors = list(field.process_errors)

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        self.errors = list(self.process_errors)
        return not self.errors

    def __getattr__(self, name: str) -> Any:
        inner = self.__dict__.get("inner")
        if inner and name in inner:
            return inner[name]
        raise AttributeError(name)


def controls_in_error(field: Field) -> list[Field]:
    """The innermost controls of a field that cannot be read, in order: what is marked, and what a link leads to."""
    inner = [*getattr(field, "inner", {}).values(), *getattr(field, "entries", ())]
    return [wrong for part in inner for wrong in controls_in_error(part)] or ([field] if field.errors else [])


def messages(field: Field) -> list[Message]:
    """The errors of a field as messages with codes."""
    return [error if isinstance(error, Message) else Message(str(error), "unreadable") for error in field.errors]
