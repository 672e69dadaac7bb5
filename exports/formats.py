"""The forms in which the facts of a round can be had, each from the same rows: how it is written and what kind of file it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

from exports.answers_files import write_csv, write_json
from exports.data_package import write_data_package
from exports.settings import CSV, DATA_PACKAGE, JSON, WORKBOOK
from exports.shape import Gettext
from exports.source import ExportSource
from exports.workbook import ExportReport, write_workbook


class Writer(Protocol):
    """What writes one format into an empty binary file. Raises `exports.source.ExportError`."""

    def __call__(
        self,
        target: IO[bytes],
        source: ExportSource,
        language: str,
        *,
        rehearsal: bool = ...,
        progress: Callable[[], object] = ...,
    ) -> ExportReport:
        """Write the file; `progress` is called once for each State with answers."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what writes it, its media type, the ending of its files without the dot."""

    write: Writer
    media_type: str
    ending: str


FORMATS: dict[str, Format] = {
    WORKBOOK: Format(write_workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    DATA_PACKAGE: Format(write_data_package, "application/zip", "zip"),
    CSV: Format(write_csv, "text/csv", "csv"),
    JSON: Format(write_json, "application/json", "json"),
}
"""Every format by its code."""


def format_words(_: Gettext) -> dict[str, str]:
    """What each format is, in words."""
    return {
        WORKBOOK: _("Workbook (Excel, LibreOffice)"),
        DATA_PACKAGE: _("Data package: every table as CSV, the answers also as JSON (ZIP)"),
        CSV: _("The answers alone, as CSV"),
        JSON: _("The answers alone, as JSON"),
    }
