"""The strict reader of instrument files: strings only, no aliases or tags, no duplicate keys; errors name file, line and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LARGEST_FILE = 4_000_000
DEEPEST = 32


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
    raw = path.read_bytes()
    if len(raw) > LARGEST_FILE:
        raise InstrumentError([f"{path.name}: larger than {LARGEST_FILE} bytes."])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InstrumentError([f"{path.name}: not UTF-8 at byte {error.start}. Save the file as UTF-8."]) from None
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            _refuse_event(path, event)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InstrumentError([f"{path.name}, line {line}: {error.problem}."]) from None
    except yaml.YAMLError as error:
        raise InstrumentError([f"{path.name}: {error}."]) from None
    if node is None:
        raise InstrumentError([f"{path.name}: the file is empty."])
    return _plain(path, node, "", 0)


def _refuse_event(path: Path, event: yaml.Event) -> None:
    line = event.start_mark.line + 1 if event.start_mark else 0
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise InstrumentError([f"{path.name}, line {line}: anchors and aliases are not used here. Write the text out."])
    if getattr(event, "tag", None):
        raise InstrumentError([f"{path.name}, line {line}: the tag {event.tag} is not used here. Remove it."])


def _plain(path: Path, node: yaml.Node, key: str, depth: int) -> Any:
    line = node.start_mark.line + 1
    if depth > DEEPEST:
        raise InstrumentError([f"{path.name}, line {line}: nested deeper than {DEEPEST} levels."])
    if isinstance(node, yaml.ScalarNode):
        # Only a plain (unquoted) scalar could have been meant as something else: `NO` is Norway, not false.
        if (
            node.style is None
            and node.tag in {"tag:yaml.org,2002:null"}
            and node.value in {"", "~", "null", "Null", "NULL"}
        ):
            raise InstrumentError(
                [f"{path.name}, line {line}: {key or 'the entry'} has no text. Write it, or remove the key."]
            )
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, entry, key, depth + 1) for entry in node.value]
    assert isinstance(node, yaml.MappingNode)
    mapping = Mapping()
    mapping.lines = {}
    for name_node, value_node in node.value:
        name_line = name_node.start_mark.line + 1
        if not isinstance(name_node, yaml.ScalarNode):
            raise InstrumentError([f"{path.name}, line {name_line}: a key must be a word."])
        name = name_node.value
        if name in mapping:
            first = mapping.lines[name]
            raise InstrumentError(
                [f"{path.name}, line {name_line}: the key {name} stands already in line {first}. Keep one of them."]
            )
        mapping[name] = _plain(path, value_node, name, depth + 1)
        mapping.lines[name] = name_line
    return mapping
