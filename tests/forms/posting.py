"""Print the items of a question as the page does, and send them back as a browser without script would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import MultiDict

from forms.question import BASE_PREFIX, ItemInput, QuestionForm, Typed, build_question_form, read_posted
from instruments.items import Item
from instruments.items.base import AskContext
from languages import LANGUAGE_NAMES

TEMPLATES = Path(__file__).parents[2] / "templates"
VOID = {"input", "br", "use", "hr", "meta", "link", "img"}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.i18n"], autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined,
    )  # fmt: skip
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.globals["language_names"] = LANGUAGE_NAMES
    return environment


def print_item(item: Item, form: QuestionForm, context: AskContext, base: int = 0) -> str:
    """The HTML of one item, by the template that every question page uses."""
    macro = _environment().get_template("items/item.html").module.render_item  # type: ignore[attr-defined]
    return str(macro(item, form[item.id], base, context.texts, True))


class FormReader(HTMLParser):
    """Collects what a browser would send, and what a reader of the page would stumble over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.pointers: list[tuple[str, str]] = []
        """(attribute, id) of everything that points to an id."""
        self.unlabelled: list[str] = []
        self.inline: list[str] = []
        self.open: list[str] = []
        self._text: tuple[str, list[str]] | None = None
        self._select: dict[str, Any] | None = None
        self._labelled: set[str] = set()
        self._controls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("for", "aria-describedby", "aria-labelledby"):
            self.pointers += [(name, target) for target in given.get(name, "").split()]
        if tag == "label":
            self._labelled.add(given.get("for", ""))
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden" and "aria-labelledby" not in given:
            self._controls.append(given.get("id", "?"))
        if tag == "input":
            self._input(given)
        elif tag == "textarea":
            self._text = (given["name"], [])
        elif tag == "select":
            self._select = {"name": given["name"], "first": None, "chosen": None}
        elif tag == "option" and self._select is not None:
            if self._select["first"] is None:
                self._select["first"] = given.get("value", "")
            if "selected" in given:
                self._select["chosen"] = given.get("value", "")

    def _input(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in {"radio", "checkbox"}:
            if "checked" in given:
                self.pairs.append((given["name"], given.get("value", "on")))
        elif kind not in {"file", "submit"} and "name" in given:
            value = given.get("value", "")
            if kind == "date" and value:
                assert len(value) == 10, "a date picker drops what is not YYYY-MM-DD"
            # A browser takes line ends out of a single line.
            self.pairs.append((given["name"], value.replace("\r", "").replace("\n", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"
        if tag == "textarea" and self._text is not None:
            text = "".join(self._text[1]).replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
            self.pairs.append((self._text[0], text.replace("\n", "\r\n")))
            self._text = None
        elif tag == "select" and self._select is not None:
            chosen = self._select["chosen"]
            self.pairs.append((self._select["name"], self._select["first"] if chosen is None else chosen))
            self._select = None

    def problems(self) -> list[str]:
        """What is wrong with the HTML: ids used twice, pointers to nothing, controls without a label, inline handlers."""
        found = [f"id {one} used twice" for one in sorted({one for one in self.ids if self.ids.count(one) > 1})]
        found += [f"{name} points to {target}" for name, target in self.pointers if target not in self.ids]
        found += [f"{one} has no label" for one in self._controls if one not in self._labelled]
        return found + [f"inline {name}" for name in self.inline] + [f"<{tag}> is not closed" for tag in self.open]


def read_html(html: str) -> FormReader:
    """The reader after the whole HTML."""
    reader = FormReader()
    reader.feed(html)
    reader.close()
    return reader


def posted_back(
    items: Iterable[Item], context: AskContext, values: Mapping[str, Any], typed: Mapping[str, Typed] | None = None
) -> MultiDict[str, str]:
    """What a browser sends when a person opens the form and presses Save."""
    chosen = tuple(items)
    form = build_question_form(chosen, context, values, typed)
    pairs: list[tuple[str, str]] = []
    for item in chosen:
        pairs += read_html(print_item(item, form, context)).pairs
    return MultiDict(pairs)


def send(item: Item, context: AskContext, *pairs: tuple[str, str], stored: Any = None, base: str = "0") -> ItemInput:
    """What the server reads for one item; the names of the pairs are those after the item's id."""
    posted = MultiDict([(f"{BASE_PREFIX}{item.id}", base), *((f"{item.id}{name}", text) for name, text in pairs)])
    _form, inputs = read_posted([item], context, posted, {} if stored is None else {item.id: stored})
    return inputs[0]
