"""Text files as they are written: the comments at their head stay, the keys stand in a given order, all files or none."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from instruments.engine import read_text_file
from instruments.loader import InstrumentError, write_plain


@dataclass(slots=True)
class TextFile:
    """The texts of one language in one folder, with what is known about each translation."""

    path: Path
    language: str
    head: str = ""
    """The comment lines before the first key."""
    about: dict[str, str] = field(default_factory=dict)
    """Of which instrument and version the texts are, where the file says so."""
    texts: dict[str, str] = field(default_factory=dict)
    of: dict[str, str] = field(default_factory=dict)
    reviewed: dict[str, str] = field(default_factory=dict)
    unofficial: list[str] = field(default_factory=list)

    def written(self, order: Iterable[str]) -> str:
        """The file with its texts in the given order. What is said about a text that is not here is left out."""
        keys = [key for key in dict.fromkeys((*order, *self.texts)) if key in self.texts]
        content: dict[str, object] = {
            "language": self.language,
            **self.about,
            "texts": {key: self.texts[key] for key in keys},
            "of": {key: self.of[key] for key in keys if key in self.of},
        }
        if self.reviewed:
            content["reviewed"] = {key: self.reviewed[key] for key in keys if key in self.reviewed}
        content["unofficial"] = [key for key in keys if key in self.unofficial]
        return self.head + write_plain(content)


def read_file(path: Path, language: str, head: str = "") -> TextFile:
    """A text file for writing; an absent one is empty and begins with `head`. Raises InstrumentError."""
    if not path.exists():
        return TextFile(path, language, head)
    content = read_text_file(path)
    if content["language"] != language:
        raise InstrumentError([
            f"{path.name}, line {content.lines['language']}: says language {content['language']!r}; "
            f"the file name says {language!r}."
        ])  # fmt: skip
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    count = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return TextFile(
        path, language, "".join(lines[:count]),
        {key: content[key] for key in ("instrument", "version") if key in content}, dict(content["texts"]),
        dict(content.get("of", {})), dict(content.get("reviewed", {})), list(content.get("unofficial", [])),
    )  # fmt: skip


def merged_order(*orders: Iterable[str]) -> list[str]:
    """The keys of the first order; each key that only a later one has stands behind the key it follows there."""
    result: list[str] = []
    for order in orders:
        known, before, added = set(result), "", dict[str, list[str]]()
        for key in order:
            if key in known:
                before = key
            else:
                added.setdefault(before, []).append(key)
        result = [*added.get("", []), *(one for key in result for one in (key, *added.get(key, [])))]
    return result


def write_files(contents: Mapping[Path, str]) -> None:
    """Replace all the files, or none. Each is written beside its place and read back before anything is replaced.

    Raises OSError when the folder cannot be written and InstrumentError when a content could not be read again.
    """
    scratches = {path: path.with_name(f".{path.name}.{secrets.token_hex(4)}") for path in contents}
    before = {path: path.read_bytes() if path.exists() else None for path in contents}
    try:
        for path, scratch in scratches.items():
            _write_whole(scratch, contents[path].encode("utf-8"), like=path)
            read_text_file(scratch)
        replaced: list[Path] = []
        try:
            for path, scratch in scratches.items():
                os.replace(scratch, path)  # noqa: PTH105 - the one atomic step, named as what it is
                replaced.append(path)
        except OSError:
            for path in replaced:
                _put_back(path, before[path])
            raise
    finally:
        for scratch in scratches.values():
            scratch.unlink(missing_ok=True)


def _write_whole(path: Path, raw: bytes, like: Path) -> None:
    with path.open("xb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    if like.exists():
        shutil.copymode(like, path)


def _put_back(path: Path, raw: bytes | None) -> None:
    if raw is None:
        path.unlink(missing_ok=True)
        return
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write_whole(scratch, raw, like=path)
    os.replace(scratch, path)  # noqa: PTH105
