"""What tests of Word downloads share: a browser of a person, and the words of a file."""

from __future__ import annotations

import io

from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from models.people import User
from tests.builders import sign_in


def enter(app: Flask, user_id: int) -> FlaskClient:
    """A browser signed in as this person."""
    client = app.test_client()
    with app.extensions["tracker"].database.reading() as session:
        sign_in(client, session.get_one(User, user_id))
    return client


def text(content: bytes) -> str:
    """Every paragraph and every cell of a Word file, one on each line."""
    book = Document(io.BytesIO(content))
    cells = [cell.text for table in book.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in book.paragraphs] + cells)
