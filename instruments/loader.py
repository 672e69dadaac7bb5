"""The strict reader of instrument files: strings only, no aliases or tags, no duplicate keys; errors name file, line and key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The reader written in C is twenty times faster; the wheels of PyYAML have it."""

LARGEST_FILE = 4_000_000
DEEPEST = 32

_SENTENCES = {
    "missing": "the key is missing. Add it.",
    "extra_forbidden": "the key is unknown. Correct its spelling, or remove it.",
}
_EXPECTED = {
    "model_type": "Keys with values are expected here",
    "dict_type": "Keys with values are expected here",
    "list_type": "A list is expected here",
    "tuple_type": "A list is expected here",
    "string_type": "A text is expected here",
}


class InstrumentError(Exception):
    """An instrument file cannot be used. `problems` are sentences with file, line, key and remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Mapping(dict[str, Any]):
    """A mapping that remembers the line of each key."""

    lines: dict[str, int]


def read_strict(path: Path) -> Any:
    """The content of a YAML file as mappings, lists and strings. Raises InstrumentError with file, line and key."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InstrumentError(
            [f"{path.name}: cannot be read ({error.strerror}). It belongs in {path.parent}."]
        ) from None
    if len(raw) > LARGEST_FILE:
        raise InstrumentError([f"{path.name}: larger than {LARGEST_FILE} bytes. Split the instrument."])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InstrumentError([f"{path.name}, line {line}: not UTF-8. Save the file as UTF-8."]) from None
    try:
        return _read(path, text, _FAST)
    except (InstrumentError, yaml.YAMLError, IndexError):
        # What the fast reader refuses is read again by the one that knows the place of every error.
        return _read(path, text, yaml.SafeLoader)


def _read(path: Path, text: str, loader: Any) -> Any:
    try:
        # Before anything is built: the reader below goes down the nesting with the interpreter's own stack.
        _refuse_events(path, yaml.parse(text, Loader=loader))
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        found = ": ".join(filter(None, [error.context, error.problem]))
        raise InstrumentError(
            [f"{path.name}, line {line}: {found}. Check the indentation; quote a text that holds “: ” or “ #”."]
        ) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise InstrumentError(
            [
                f"{path.name}, line {line}: the character U+{ord(text[error.position]):04X} cannot stand in a text. Remove it."
            ]
        ) from None
    if node is None:
        raise InstrumentError([f"{path.name}: the file is empty."])
    return _plain(path, node, "")


class _Writer(yaml.SafeDumper):
    """Writes a text with invisible marks of direction in double quotes, where they can be escaped and so be seen."""


def _represent(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _DIRECTION.search(text) else None)


_Writer.add_representer(str, _represent)


def write_plain(content: Any) -> str:
    """Mappings, lists and strings as YAML that `read_strict` gives back: one line a text, quoted only where it must be."""
    written = yaml.dump(content, Dumper=_Writer, allow_unicode=True, width=LARGEST_FILE, sort_keys=False)
    return _DIRECTION.sub(lambda mark: f"\\u{ord(mark[0]):04X}", str(written))


def _refuse_events(path: Path, events: Iterable[yaml.Event]) -> None:
    depth = 0
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InstrumentError(
                [f"{path.name}, line {line}: anchors and aliases are not used here. Write the text out."]
            )
        if tag := getattr(event, "tag", None):
            raise InstrumentError([f"{path.name}, line {line}: the tag {tag} is not used here. Remove it."])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InstrumentError(
                [f"{path.name}, line {line}: nested deeper than {DEEPEST} levels. Check the indentation."]
            )


def _plain(path: Path, node: yaml.Node, key: str) -> Any:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        # Only a plain (unquoted) scalar could have been meant as something else: `NO` is Norway, not false.
        if not node.style and node.value in {"", "~", "null", "Null", "NULL"}:
            raise InstrumentError(
                [f"{path.name}, line {line}: {key or 'the entry'} has no text. Write it, or remove the key."]
            )
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, entry, key) for entry in node.value]
    mapping = Mapping()
    mapping.lines = {}
    for name_node, value_node in node.value:
        name_line = name_node.start_mark.line + 1
        if not isinstance(name_node, yaml.ScalarNode) or not name_node.value:
            raise InstrumentError([f"{path.name}, line {name_line}: a key must be a word. Write one before the colon."])
        name = name_node.value
        if name in mapping:
            first = mapping.lines[name]
            raise InstrumentError(
                [f"{path.name}, line {name_line}: the key {name} stands already in line {first}. Keep one of them."]
            )
        mapping[name] = _plain(path, value_node, name)
        mapping.lines[name] = name_line
    return mapping


def shape_problems(error: ValidationError, raw: Any, file: str) -> list[str]:
    """What pydantic found, as sentences with file, line and key; `raw` is what was validated (lines only if it has them)."""
    problems = []
    for entry in error.errors():
        line, keys, here = 0, [], raw
        for position, step in enumerate(entry["loc"], start=1):
            if isinstance(here, dict) and step in here:
                line = getattr(here, "lines", {}).get(step, line)
                here = here[step]
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                here = here[step]
                line = min(getattr(here, "lines", {}).values(), default=line)
            elif entry["type"] != "missing" or position < len(entry["loc"]):
                continue  # the name of a variant, which is not in the file
            keys.append(str(step))
        place = f"{file}, line {line}" if line else file
        problems.append(f"{place}: {'.'.join(keys)}{': ' if keys else ''}{sentence_of(entry)}")
    return problems


def sentence_of(entry: Any) -> str:
    """One error of pydantic in words, with what stands there when it is short."""
    if known := _SENTENCES.get(entry["type"]):
        return known
    found = repr(entry["input"])
    sentence = _EXPECTED.get(entry["type"], entry["msg"].removeprefix("Value error, "))
    return f"{sentence}{f' (it is {found})' if len(found) <= 80 else ''}. Correct it."


def check_shape(shape: type[BaseModel], raw: Any, file: str) -> None:
    """Raise InstrumentError, with lines and keys, when what was read has not the shape."""
    try:
        shape.model_validate(raw)
    except ValidationError as error:
        raise InstrumentError(shape_problems(error, raw, file)) from None
