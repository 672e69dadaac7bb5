"""Every table as CSV, the answers as JSON, and what each column means, in one archive: a Data Package (datapackage.org, version 2)."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from exports.cells import clean
from exports.package import open_member
from exports.plain_export import ANSWERS, PlainExport, json_text
from exports.plain_tables import CsvForm, Form, JsonForm, columns_of, figure_text
from exports.settings import SECRETARIAT
from exports.shape import Sheet, gettext_in
from exports.sheets import Issue
from exports.source import ExportSource
from exports.table_schema import PROFILES, resource_name, table_schema
from exports.workbook import ExportReport
from languages import colon, format_date, format_time, separator

DESCRIPTOR, README, ANSWERS_JSON, FOLDER = "datapackage.json", "README.txt", "answers.json", "data"
_CHUNK = 1 << 18


def write_data_package(
    target: IO[bytes],
    source: ExportSource,
    language: str,
    *,
    rehearsal: bool = False,
    progress: Callable[[], object] = lambda: None,
) -> ExportReport:
    """Write the data package of a cycle in one of the six languages into an empty binary file.

    `progress` is called once for each State with answers. Raises BrokenSeal for an altered submission and ExportIncomplete
    when a row is missing or too many; `target` is then empty.
    """
    with ExitStack() as stack:
        package = _DataPackage(source, language, stack)
        return package.write(target, progress, rehearsal=rehearsal)


class _DataPackage:
    """One data package while it is made."""

    def __init__(self, source: ExportSource, language: str, stack: ExitStack) -> None:
        self.source, self.language = source, language
        self._stack = stack
        self._files: dict[str, IO[bytes]] = {}
        self.export = PlainExport(source, language, self._forms)
        self._texts = source.instrument.texts_in(language)
        self._gettext = gettext_in(language)

    def _forms(self, sheet: Sheet) -> list[Form]:
        columns = columns_of(sheet)
        forms: list[Form] = [CsvForm(self._new_file(f"{FOLDER}/{sheet.name}.csv"), columns)]
        if sheet.name == ANSWERS:
            forms.append(JsonForm(self._new_file(ANSWERS_JSON), columns))
        return forms

    def _new_file(self, path: str) -> IO[bytes]:
        file = self._files[path] = self._stack.enter_context(tempfile.TemporaryFile(prefix="table-"))  # noqa: SIM115
        return file

    def write(self, target: IO[bytes], progress: Callable[[], object], *, rehearsal: bool) -> ExportReport:
        """Make every table, then the archive, with the members in the order of their names; the descriptor comes last."""
        if clean(self.source.cycle.title)[1]:
            self.export.report(Issue("characters_replaced", DESCRIPTOR, 0, "cycle_title"))
        self.export.making.write(self.export.tables, progress)
        report = self.export.finish(rehearsal=rehearsal)
        with ZipFile(target, "w", ZIP_DEFLATED) as archive:
            with open_member(archive, README) as member:
                member.write(self._readme(rehearsal=rehearsal).encode("utf-8-sig"))
            written = {path: _put(archive, path, self._files[path]) for path in sorted(self._files)}
            with open_member(archive, DESCRIPTOR) as member:
                member.write(json_text(self._descriptor(report, written, rehearsal=rehearsal)).encode())
        return report

    def _descriptor(
        self, report: ExportReport, written: dict[str, dict[str, Any]], *, rehearsal: bool
    ) -> dict[str, Any]:
        source, settings = self.source, self.source.settings
        as_at = source.as_at
        marks = ("rehearsal",) * rehearsal + (settings.preset, *settings.states) * (settings.preset != SECRETARIAT)
        name = "-".join(("implementation-tracker", *marks, source.cycle.id, self.language))
        return {
            "$schema": f"{PROFILES}/datapackage.json",
            "name": name.lower(),
            "title": f"{self._texts('instrument.title')} – {source.cycle.title}",
            "description": "\n\n".join([*self._warnings(rehearsal=rehearsal), *self._rules()]),
            "created": figure_text(as_at),
            # The day of the newest fact, and after the sign of a build which facts they are.
            "version": f"{as_at.year}.{as_at.month}.{as_at.day}+{report.facts_sha256[:12]}",
            "about": self.export.about(report, rehearsal=rehearsal),
            "resources": [*self._resources(written)],
        }

    def _resources(self, written: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        tables = self.export.tables
        resources = []
        for name, table in tables.items():
            schema = table_schema(table.sheet, self.source.instrument, tables, table.words)
            head = {"$schema": f"{PROFILES}/dataresource.json", "title": clean(table.sheet.title)[0]}
            tail = {
                "encoding": "utf-8",
                "rowsDue": self.export.making.rows.entries.get(name, 0),
                "rowsWritten": table.written,
            }
            resources.append({
                **head, "name": resource_name(name), "type": "table", "format": "csv", "mediatype": "text/csv",
                "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\r\n"},
                "schema": schema, **written[f"{FOLDER}/{name}.csv"], **tail,
            })  # fmt: skip
            if name == ANSWERS:
                # Of no type: as a "table", a list without a row would be an error to programs, and its bytes would not be checked.
                resources.append({
                    **head, "name": "answers", "format": "json", "mediatype": "application/json", "schema": schema,
                    **written[ANSWERS_JSON], **tail,
                })  # fmt: skip
        return resources

    def _warnings(self, *, rehearsal: bool) -> list[str]:
        """What the cover of the workbook says first."""
        _ = self._gettext
        warning = [_("Rehearsal: invented States and invented answers")] if rehearsal else []
        return [*warning, *(str(self._texts(f"instrument.{key}")) for key in ("complements", "verification"))]

    def _rules(self) -> list[str]:
        """How the files are to be read."""
        _ = self._gettext
        return [
            _("In the CSV files, a text that begins with = + - @ (also after spaces), a tab, a line break or an apostrophe (') "
              "has one more apostrophe in front, so that no program takes it for a formula. Where a text begins with an "
              "apostrophe, take that one away. Numbers have none, and the JSON file has none."),
            _("A text of any length stands in one row: there are no columns for its parts."),
            _("Characters that no workbook can hold are replaced by � here too; the table Issues says where."),
        ]  # fmt: skip

    def _readme(self, *, rehearsal: bool) -> str:
        _ = self._gettext
        language, as_at = self.language, self.source.as_at
        moment = separator(language).join((format_date(as_at, language), format_time(as_at)))
        files = {
            f"{FOLDER}/*.csv": _("One file for each table, with the rows of the workbook: CSV in UTF-8, separated by commas. "
                                 "The first row holds the stable ids of the columns."),
            ANSWERS_JSON: _("The rows of Answers_long as JSON, one object to a line."),
            DESCRIPTOR: _("What every table and column holds (Data Package, version 2), the parameters of the export, the rows "
                          "due and written, the fingerprints."),
        }  # fmt: skip
        paragraphs = [
            f"{self._texts('instrument.title')}\r\n{self.source.cycle.title}",
            *self._warnings(rehearsal=rehearsal),
            f"{_('As at (UTC)')}{colon(language)}{moment}",
            # A path on a line of its own: before Arabic words it would turn the line round.
            *(f"{path}\r\n{words}" for path, words in files.items()),
            *self._rules(),
            _(
                "To read the tables in a spreadsheet, take the workbook: it holds the same rows, with widths and filters."
            ),
        ]
        return clean("\r\n\r\n".join(paragraphs))[0] + "\r\n"


def _put(archive: ZipFile, path: str, file: IO[bytes]) -> dict[str, Any]:
    """Put a file into the archive; its path, bytes and hash as a resource states them."""
    size = file.seek(0, 2)
    file.seek(0)
    digest = hashlib.sha256()
    with open_member(archive, path, size) as member:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            member.write(chunk)
    return {"path": path, "bytes": size, "hash": f"sha256:{digest.hexdigest()}"}
