"""The rules that protect the design hold in this tree, and each check finds a planted violation."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture import (
    CHECKS,
    HOSTS,
    LAYERS,
    LONG_FILES,
    LONGEST,
    MACHINE,
    RAW_HTML,
    ROOT,
    UNFINISHED,
    VIEW_QUERIES,
    Check,
)

BY_NAME = {check.__name__: check for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=list(BY_NAME))
def test_the_rule_holds(check: Check) -> None:
    found = [str(violation) for violation in check(ROOT)]
    assert not found, "\n".join(["", *found])


PLANTED = [
    ("layers", "models/states.py", "from services.cycles import close"),
    ("layers", "services/cycles.py", "import views.errors"),
    ("layers", "instruments/routing.py", "def late() -> None:\n    from models import states"),
    ("layers", "forms/question.py", "from models.people import User"),
    ("layers", "forms/question.py", "from services.answers import Edit"),
    ("layers", "languages.py", "import settings"),
    ("layers", "exports/rows.py", "import app"),
    ("layers", "extras/more.py", "import languages"),
    ("layers", "exports/rows.py", "from views.context import tracker"),
    ("owners", "services/cycles.py", "from flask import request"),
    ("owners", "services/cycles.py", "import openpyxl"),
    ("owners", "instruments/routing.py", "from sqlmodel import select"),
    ("owners", "exports/rows.py", "from flask import g"),
    ("owners", "views/pages.py", "import wtforms"),
    ("owners", "views/pages.py", "from sqlalchemy import text"),
    ("owners", "models/states.py", "from flask_security import current_user"),
    ("owners", "instruments/catalog.py", "import yaml"),
    ("queries", "views/pages.py", "from sqlmodel import Session, select"),
    ("commits", "services/cycles.py", "def close(session):\n    session.commit()"),
    ("type_comparisons", "exports/rows.py", "def cell(item):\n    return item.item_type == 'status'"),
    ("type_comparisons", "exports/rows.py", "def cell(item):\n    return item.item_type in {'status'}"),
    (
        "type_comparisons",
        "exports/rows.py",
        "def cell(item):\n    match item.item_type:\n        case 'status':\n            return 1",
    ),
    ("type_comparisons", "templates/a.html", "{% if item.item_type == 'status' %}{% endif %}"),
    ("executed_text", "services/cycles.py", "eval('1')"),
    ("executed_text", "services/cycles.py", "import pickle"),
    ("executed_text", "views/pages.py", "render_template_string('x')"),
    ("executed_text", "views/pages.py", "Markup('<b>')"),
    ("executed_text", "services/backup.py", "run('ls', shell=True)"),
    ("executed_text", "templates/a.html", "{{ text | safe }}"),
    ("inline_code", "templates/a.html", '<p style="color: red">'),
    ("inline_code", "templates/a.html", "<style>p {}</style>"),
    ("inline_code", "templates/a.html", "<script>go()</script>"),
    ("inline_code", "templates/a.html", '<button type="button" onclick="go()">'),
    ("inline_code", "templates/a.html", '<a href="javascript:go()">'),
    ("physical_directions", "static/a.css", "p { margin-left: 1em; }"),
    ("physical_directions", "static/a.css", "p{text-align:right}"),
    ("physical_directions", "static/a.css", "p {\n  left: 0;\n}"),
    ("physical_directions", "static/a.css", "p { border-top-left-radius: 2px }"),
    ("foreign_places", "templates/a.html", f'<script src="https://cdn.{HOSTS[4]}/x.js">'),
    ("foreign_places", "docs/a.md", f"See https://{HOSTS[0]}/"),
    ("foreign_places", "docs/a.md", f"Look into {MACHINE[0]}main."),
    ("unfinished", "services/cycles.py", f"# {UNFINISHED[0]}: close"),
    ("file_lengths", "services/cycles.py", "x = 1\n" * (LONGEST + 1)),
    ("docstrings", "services/cycles.py", '"""Cycles."""\n\ndef close() -> None:\n    return None'),
    ("docstrings", "services/cycles.py", '"""Cycles."""\n\nclass Closed:\n    pass'),
    ("docstrings", "services/cycles.py", "x = 1"),
    ("annotations_in_models", "models/states.py", "from __future__ import annotations"),
]


@pytest.mark.parametrize(
    ("rule", "path", "content"), PLANTED, ids=[f"{rule}-{number}" for number, (rule, _p, _c) in enumerate(PLANTED)]
)
def test_a_planted_violation_is_found(tmp_path: Path, rule: str, path: str, content: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(content, encoding="utf-8")
    assert [violation.path for violation in BY_NAME[rule](tmp_path)] == [path]


def test_every_check_has_a_planted_violation() -> None:
    assert {rule for rule, _path, _content in PLANTED} == set(BY_NAME)


ALLOWED = [
    (
        "layers",
        "services/cycles.py",
        "from models.states import ReportingState\nfrom instruments.catalog import load_instrument\nimport languages",
    ),
    ("layers", "app.py", "import cli, exports, views"),
    ("layers", "views/downloads.py", "from exports.workbook import write_workbook"),
    ("owners", "models/people.py", "from flask_security import UserMixin"),
    ("owners", "forms/account.py", "from flask_wtf import FlaskForm\nfrom flask_babel import gettext"),
    ("queries", "views/pages.py", "from sqlmodel import Session"),
    ("type_comparisons", "exports/rows.py", "def cell(item):\n    return [item.item_type, item.label == 'status']"),
    ("executed_text", "instruments/loader.py", "import re\nre.compile('x')\n'a'.join([])"),
    (
        "inline_code",
        "templates/a.html",
        '<script type="module" src="{{ static_url(\'js/a.js\') }}"></script><p class="style">on = 1</p>',
    ),
    (
        "physical_directions",
        "static/a.css",
        "/* left: 0 */ p { margin-inline-start: 1em; inset-inline-end: 0; text-align: start; } .left { color: red }",
    ),
    ("foreign_places", "templates/a.html", "https://ministry.example/work/a"),
    ("docstrings", "services/__init__.py", ""),
]


@pytest.mark.parametrize(
    ("rule", "path", "content"), ALLOWED, ids=[f"{rule}-{number}" for number, (rule, _p, _c) in enumerate(ALLOWED)]
)
def test_what_is_allowed_is_not_called_a_violation(tmp_path: Path, rule: str, path: str, content: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(content, encoding="utf-8")
    assert list(BY_NAME[rule](tmp_path)) == []


def test_two_packages_beside_each_other_make_no_circle(tmp_path: Path) -> None:
    for path, content in (
        ("views/pages.py", "import exports.workbook"),
        ("exports/downloads.py", "import views.context"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    assert [violation.what for violation in BY_NAME["layers"](tmp_path)] == ["views and exports import each other"]


def test_every_exception_is_still_needed() -> None:
    for path in (*VIEW_QUERIES, *RAW_HTML, *LONG_FILES):
        assert (ROOT / path).is_file(), f"{path} is gone; take it out of the exceptions"
    for path in LONG_FILES:
        assert (ROOT / path).read_text(encoding="utf-8").count("\n") > LONGEST


def test_no_installed_distribution_owns_a_name_of_ours() -> None:
    ours = {name for name in LAYERS if (ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file()}
    assert not ours & set(packages_distributions())
