"""What a translator and the secretariat do with the texts of a questionnaire."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from openpyxl import load_workbook

from cli.instruments import instrument
from instruments.text_files import read_file
from tests.instruments.translated import contents_of

FORMATS = ("xlsx", "xliff")


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(instrument, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def exported(own: Path, language: str = "fr", form: str = "xlsx") -> Path:
    out = own.parent / f"{language}.{form}"
    result = run("export-texts", "--language", language, "--format", form, "--out", out, own)
    assert result.exit_code == 0, result.output
    return out


def both(own: Path) -> dict[Path, bytes]:
    return contents_of(own, own.parent / "engine")


def french(own: Path, *, engine: bool = False) -> Any:
    return read_file((own.parent / "engine" if engine else own) / "text.fr.yaml", "fr")


def edit_xlsx(path: Path, key: str, column: str, value: object) -> None:
    """Type into one cell."""
    book = load_workbook(path)
    sheet = book["Texts"]
    head = [cell.value for cell in sheet[1]]
    (row,) = (row for row in sheet.iter_rows(min_row=2) if row[0].value == key)
    cell: Any = row[head.index(column)]
    cell.value = value
    if isinstance(value, str) and not value.startswith("=FORMULA"):
        cell.data_type = "s"
    book.save(path)


def edit_xliff(path: Path, key: str, text: str, state: str = "translated") -> None:
    """Let a translator's program write one target."""
    whole = path.read_text(encoding="utf-8")
    pattern = rf'(<trans-unit id="{re.escape(key)}".*?<target state=")[^"]*(">).*?(</target>)'
    changed, count = re.subn(
        pattern, lambda found: f"{found[1]}{state}{found[2]}{text}{found[3]}", whole, count=1, flags=re.DOTALL
    )
    assert count == 1
    path.write_text(changed, encoding="utf-8")


def edit(path: Path, key: str, text: str, *, reviewed: bool = False) -> None:
    """Change one translation in either format."""
    if path.suffix == ".xlsx":
        edit_xlsx(path, key, "Translation", text)
        if reviewed:
            edit_xlsx(path, key, "Reviewed", "yes")
    else:
        edit_xliff(path, key, text, "final" if reviewed else "translated")


def refused(path: Path, own: Path, *said: str) -> str:
    """The import names the problem and changes no file."""
    before = both(own)
    for options in ([], ["--dry-run"]):
        result = run("import-texts", path, own, *options)
        assert result.exit_code == 1, result.output
        for words in said:
            assert words in result.output, result.output
        assert both(own) == before
    return result.output
