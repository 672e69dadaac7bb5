"""Whatever stands in a file or in a document to publish: it is sound, or it is refused in words."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.catalog import check_document, read_document
from instruments.loader import InstrumentError, read_strict
from tests.instruments.small import STRUCTURE, TEXTS, problems, write_small_instrument


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small, sound instrument."""
    return write_small_instrument(tmp_path)


def test_a_document_to_publish_is_checked_like_the_files(folder: Path) -> None:
    document = copy.deepcopy(read_document.__wrapped__(folder))
    assert check_document(document).instrument == "invented"
    document["structure"]["sections"][0]["questions"][0]["items"][0]["type"] = "slider"
    with pytest.raises(InstrumentError, match="'slider' is unknown"):
        check_document(document)


@pytest.mark.parametrize(
    "document",
    [None, [], {}, "words", {"structure": {}}, {"structure": [], "texts": {}}, {"structure": {}, "texts": []}],
)
def test_a_document_of_another_shape_is_refused(document: Any) -> None:
    with pytest.raises(InstrumentError):
        check_document(document)


# --- anything at all --------------------------------------------------------------------------------------------------

JUNK: list[Any] = [
    "",
    "x",
    "op1.colour",
    "$headline",
    [],
    {},
    ["x"],
    {"x": "y"},
    [["x"]],
    {"item": "op1.colour"},
    ["x", "x"],
]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every node."""
    if path:
        yield path
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in pairs:
        yield from places(child, (*path, key))


def spoil(raw: Any, path: tuple[Any, ...], what: str, junk: Any) -> Any:
    """A copy with the node of the path replaced, removed, renamed or doubled."""
    spoiled = copy.deepcopy(raw)
    parent = spoiled
    for step in path[:-1]:
        parent = parent[step]
    key = path[-1]
    if what == "remove":
        del parent[key]
    elif what == "rename" and isinstance(parent, dict):
        parent["renamed"] = parent.pop(key)
    elif what == "double" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    else:
        parent[key] = junk
    return spoiled


SOUND = yaml.load(STRUCTURE, Loader=yaml.BaseLoader)
PLACES = list(places(SOUND))
spoiling = st.tuples(
    st.sampled_from(PLACES),
    st.sampled_from(["replace", "replace", "remove", "rename", "double"]),
    st.sampled_from(JUNK),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(spoiling)
def test_no_mistake_in_one_place_ends_in_a_traceback(tmp_path: Path, spoiled: tuple[Any, str, Any]) -> None:
    (tmp_path / "text.ar.yaml").write_text(TEXTS, encoding="utf-8")
    text = yaml.dump(spoil(SOUND, *spoiled), allow_unicode=True, default_style="'")
    (tmp_path / "instrument.yaml").write_text(text, encoding="utf-8")
    for problem in problems(tmp_path):
        assert problem.strip()


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_document_ends_in_a_traceback(folder: Path, data: st.DataObject) -> None:
    document = read_document(folder)
    paths = [path for path in places(document) if path[0] == "structure" or len(path) < 3]
    try:
        check_document(spoil(document, data.draw(st.sampled_from(paths)), "replace", data.draw(st.sampled_from(JUNK))))
    except InstrumentError as error:
        assert error.problems


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_bytes_end_in_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    try:
        read_strict(path)
    except InstrumentError as error:
        assert error.problems[0].startswith("any.yaml")
