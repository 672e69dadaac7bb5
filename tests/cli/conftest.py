"""A small questionnaire in six languages for the commands of translators."""

from __future__ import annotations

from pathlib import Path

import pytest

from instruments import report as report_module
from tests.instruments.translated import write_catalogues, write_translated


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the small instrument in six languages; beside it stands the one of the program's texts."""
    folder, program = write_translated(tmp_path)
    monkeypatch.setattr("instruments.translation.ENGINE", program)
    monkeypatch.setattr(report_module, "CATALOGUES", write_catalogues(tmp_path / "catalogues"))
    return folder
