"""`flask passage`: from the newest submission, a whole file or none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from docx import Document
from sqlmodel import select

from cli.passages import passage_command
from models.database import Database
from models.submissions import Submission
from tests.builders import make_cycle, make_response, make_state
from tests.exports.builders import seal


@pytest.fixture
def number(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The number of the newest submission of XAA; XAB has not submitted."""
    monkeypatch.setenv("TRACKER_INSTANCE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    tmp_path.chmod(0o700)
    with sqlite_database.transaction() as session:
        cycle = make_cycle(session)
        response = make_response(session, cycle, make_state(session, "XAA"))
        make_response(session, cycle, make_state(session, "XAB"))
        seal(session, response, {"op5.status_practice": "not_implemented"})
        return seal(session, response, {"op5.status_practice": "partially_implemented"}, round_=2).number


def run(*arguments: str) -> Result:
    return CliRunner().invoke(passage_command, arguments)


def test_it_writes_the_passage_on_the_newest_submission(number: str, tmp_path: Path) -> None:
    out = tmp_path / "passage.docx"
    done = run("--state", "xaa", "--language", "fr", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert done.output.strip() == f"{out}: from the submission {number}."
    texts = [paragraph.text for paragraph in Document(io.BytesIO(out.read_bytes())).paragraphs]
    assert "Situation dans la pratique\u00a0: Partiellement mis en œuvre" in texts
    assert out.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".passage*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--state", "XAB"), "XAB has not submitted in this round of reporting. A passage is never made of a draft."),
        (("--state", "XZZ"), "There is no reporting State XZZ."),
        (("--state", "XAA", "--cycle", "none"), "There is no round of reporting none."),
    ],
)
def test_what_cannot_be_made_is_one_line_and_the_old_file_stays(
    number: str, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    out = tmp_path / "passage.docx"
    out.write_bytes(b"old")
    done = run(*arguments, "--out", str(out))
    assert (done.exit_code, done.output.strip()) == (1, f"Error: {message}")
    assert out.read_bytes() == b"old"


def test_an_altered_submission_is_one_line(sqlite_database: Database, number: str, tmp_path: Path) -> None:
    with sqlite_database.transaction() as session:
        sealed = session.exec(select(Submission).where(Submission.number == number)).one()
        sealed.document = sealed.document.replace("partially", "fully")
        session.add(sealed)
    done = run("--state", "XAA", "--out", str(tmp_path / "passage.docx"))
    assert done.exit_code == 1
    assert "was altered" in done.output
    assert not list(tmp_path.glob("*.docx"))
