"""Evidence files: what the answer rests on. The value names the stored files; the bytes are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, CellValue, Column, Fact, Item, Line
from instruments.items.fields import Control
from instruments.texts import Texts
from instruments.values import EvidenceReference

if TYPE_CHECKING:
    from instruments.merging import Merging

_COLUMNS = ("name", "media_type", "size", "sha256")


class EvidenceControl(Control):
    """The files kept (by hidden ids named as the item) and an upload input named `<item>-upload`.

    Only files that the answer already names can be kept by a post; a new one is put in by the view that stored it.
    """

    control = "files"

    def process_data(self, value: Any) -> None:
        self.stored: tuple[EvidenceReference, ...] = tuple(value or ())
        self.data = self.stored or None

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = tuple(file for file in self.stored if file.row_id in valuelist) or None

    @property
    def files(self) -> tuple[EvidenceReference, ...]:
        """The files shown."""
        return self.data or ()


class Evidence(Item):
    """Any number of files."""

    item_type: ClassVar[str] = "evidence"
    value_type: ClassVar[Any] = tuple[EvidenceReference, ...]
    sheet: ClassVar[str] = "Evidence"
    stays_with_round: ClassVar[bool] = True
    own_texts: ClassVar[tuple[str, ...]] = tuple(f"type.evidence.{column}" for column in _COLUMNS)

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            EvidenceControl,
            texts=context.texts,
            label_text=self.label(context.texts),
            hint_text=self.hint(context.texts),
        )

    def merge(self, base: Any, theirs: Any, mine: Any, merging: Merging) -> Any:
        # A stored file never changes, so only adding and removing meet.
        return (
            merging.rows(base or (), theirs or (), mine or (), lambda inner, *files: inner.one("file", *files)) or None
        )

    def facts(self, value: tuple[EvidenceReference, ...], texts: Texts) -> Iterator[Fact]:
        for file in value:
            for part in _COLUMNS:
                cell = getattr(file, part)
                said = {"number": cell, "unit": "bytes"} if part == "size" else {"text": cell}
                label = str(texts(f"type.evidence.{part}"))
                yield Fact(field=part, field_label=label, row_id=file.row_id, **said)

    def lines(self, value: tuple[EvidenceReference, ...], texts: Texts) -> list[Line]:
        return [Line(file.name, language="und") for file in value]

    def columns(self, texts: Texts) -> tuple[Column, ...]:
        return tuple(Column(name, str(texts(f"type.evidence.{name}"))) for name in _COLUMNS)

    def rows(self, value: tuple[EvidenceReference, ...], texts: Texts) -> Iterator[tuple[str, tuple[CellValue, ...]]]:
        for file in value:
            yield file.row_id, (file.name, file.media_type, file.size, file.sha256)
