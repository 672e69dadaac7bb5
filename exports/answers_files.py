"""The answers alone in one file: as CSV, or as JSON with what it was made of at its head."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO

from exports.plain_export import ANSWERS, ISSUES, PlainExport, json_text
from exports.plain_tables import CsvForm, JsonForm, columns_of
from exports.source import ExportSource
from exports.workbook import ExportReport


def write_csv(
    target: IO[bytes],
    source: ExportSource,
    language: str,
    *,
    rehearsal: bool = False,
    progress: Callable[[], object] = lambda: None,
) -> ExportReport:
    """Write Answers_long as CSV into an empty binary file, and nothing else: there is no place for what is said about it.

    Raises BrokenSeal and ExportIncomplete; what stands in `target` is then not the file.
    """
    export = PlainExport(
        source, language,
        lambda sheet: [CsvForm(target, columns_of(sheet))] if sheet.name == ANSWERS else [],
    )  # fmt: skip
    export.making.write_answers(export.tables[ANSWERS], progress)
    return export.finish(rehearsal=rehearsal)


def write_json(
    target: IO[bytes],
    source: ExportSource,
    language: str,
    *,
    rehearsal: bool = False,
    progress: Callable[[], object] = lambda: None,
) -> ExportReport:
    """Write one JSON object into an empty binary file: `about` it, the `issues`, and the `facts`, which are the rows of Answers_long.

    Raises BrokenSeal and ExportIncomplete; `target` is then empty.
    """
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(tempfile.TemporaryFile(prefix=f"{name}-")) for name in (ISSUES, ANSWERS)
        }  # fmt: skip
        export = PlainExport(
            source, language,
            lambda sheet: [JsonForm(files[sheet.name], columns_of(sheet))] if sheet.name in files else [],
        )  # fmt: skip
        export.making.write_answers(export.tables[ANSWERS], progress)
        report = export.finish(rehearsal=rehearsal)
        target.write(f'{{"about": {json_text(export.about(report, rehearsal=rehearsal))}'.encode())
        for key, name in (("issues", ISSUES), ("facts", ANSWERS)):
            target.write(f',\n"{key}": '.encode())
            files[name].seek(0)
            shutil.copyfileobj(files[name], target, 1 << 18)
        target.write(b"}\n")
        return report
