"""The rules of the house as checks over a tree of files; `test_architecture.py` runs them, and plants a violation of each."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
NOT_OURS = {
    ".venv",
    ".git",
    "instance",
    "build",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}

LAYERS: dict[str, int] = {
    "languages": 0, "settings": 0, "verify_receipt": 0,
    "instruments": 1, "models": 2, "services": 3, "forms": 4,
    "views": 5, "exports": 5, "imports": 5, "rehearsal": 5, "cli": 5,
    "app": 6, "serve": 6,
    "migrations": 7, "bench": 7, "tests": 7, "translations": 7, "requirements": 7,
}  # fmt: skip
"""A package imports only what has a smaller number; within a number packages may use each other without a circle."""

NEVER: dict[str, set[str]] = {"forms": {"models", "services"}}
"""Beyond the order: what a package does without although it stands to its left."""

DOWNLOADS = (
    "exports/document_downloads.py",
    "exports/downloads.py",
    "exports/job_pages.py",
    "exports/kit_pages.py",
    "exports/own_copy.py",
)
"""The pages of exports: of that package they alone know Flask and views."""
PAGES = (
    *DOWNLOADS, "imports/kit_pages.py", "imports/kit_report.py", "imports/own_copy_page.py", "imports/verify_page.py",
)  # fmt: skip
VIEWS = ("views/", "app.py", "cli/", "tests/", "bench/")
OWNERS: dict[str, tuple[str, ...]] = {
    "openpyxl": ("exports/", "imports/", "tests/", "bench/"),
    "docx": ("exports/word.py", "exports/word_file.py", "exports/word_parts.py", "tests/"),
    "typst": ("exports/pdf.py", "tests/"),
    "xlsxwriter": ("bench/",),
    "frictionless": ("tests/",),
    "python_calamine": ("tests/", "bench/", "imports/"),
    "wtforms": ("instruments/items/", "forms/", "tests/"),
    "yaml": ("instruments/loader.py", "tests/"),
    "alembic": ("models/schema.py", "migrations/", "tests/models/test_schema.py"),
    "sqlalchemy": (
        "models/",
        "services/",
        "rehearsal/",
        "migrations/",
        "tests/",
        "bench/",
        "views/errors.py",
        "views/library.py",
    ),
    "sqlmodel": (
        "models/",
        "services/",
        "rehearsal/",
        "migrations/",
        "tests/",
        "bench/",
        "views/",
        "imports/kit_import.py",
        "imports/kit_pages.py",
    ),
    "flask": (*VIEWS, *PAGES),
    "flask_login": VIEWS,
    "flask_limiter": VIEWS,
    "flask_security": (*VIEWS, "models/people.py", "forms/", "migrations/"),
    "flask_wtf": (*VIEWS, "forms/"),
    "flask_babel": (*VIEWS, *PAGES, "forms/"),
    "werkzeug": (*VIEWS, *PAGES, "forms/"),
    "gunicorn": ("serve.py",),
    "waitress": ("serve.py",),
    "webauthn": ("views/",),
    "qrcode": ("views/",),
    "playwright": ("tests/browser/", "bench/"),
}
"""Where a library may be imported: one library, one owner. `models/people.py` takes the mixins that accounts must have."""

VIEW_QUERIES = {
    "views/context.py": "who is signed in is found out before any service is called",
    "views/library.py": "asks SQLAlchemy whether an object is new, for the sign-in library's own session",
}
"""Views that may use more of the database than the type of a session, and why."""

COMMITS = {"models/database.py"}
"""The one place that commits: half a change cannot be stored."""

RAW_HTML = {"views/question_page.py": "hands a template what another template has printed and escaped"}
"""Files that may mark a text as HTML, and why."""

LONG_FILES: dict[str, str] = {}
"""Files of more than 400 lines, and why they are not split."""
LONGEST = 400


class Violation(NamedTuple):
    """A rule that is broken, and where."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


Check = Callable[[Path], Iterator[Violation]]


def files(root: Path, *endings: str) -> Iterator[tuple[str, str]]:
    """(path below the root, content) of the project's own files with one of the endings."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in endings:
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


@lru_cache(maxsize=2000)
def _parsed(content: str) -> ast.Module:
    return ast.parse(content)


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """(path, syntax tree) of every Python file."""
    for path, content in files(root, ".py"):
        yield path, _parsed(content)


def package(path: str) -> str:
    """The package or top-level module that a file belongs to."""
    return path.partition("/")[0].removesuffix(".py")


def imports(tree: ast.Module) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """(line, module, names) of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module, tuple(alias.name for alias in node.names)


def layers(root: Path) -> Iterator[Violation]:
    """A package imports only what stands to its left."""
    beside: dict[str, set[str]] = {}
    for path, tree in modules(root):
        own = package(path)
        if own not in LAYERS:
            yield Violation(path, 1, f"the package {own} has no place in the layers")
            continue
        for line, module, _names in imports(tree):
            other = module.partition(".")[0]
            if other not in LAYERS or other == own:
                continue
            if LAYERS[other] > LAYERS[own] or LAYERS[own] == 0:
                yield Violation(path, line, f"{own} imports {other}, which stands to its right")
            elif other in NEVER.get(own, ()):
                yield Violation(path, line, f"{own} does without {other}")
            elif (own, other) == ("exports", "views") and path not in DOWNLOADS:
                yield Violation(path, line, "only the download knows pages; rows and sheets do without")
            elif LAYERS[other] == LAYERS[own] < 7:
                beside.setdefault(own, set()).add(other)
                if own in beside.get(other, ()):
                    yield Violation(path, line, f"{own} and {other} import each other")


def owners(root: Path) -> Iterator[Violation]:
    """One library, one owner."""
    for path, tree in modules(root):
        for line, module, _names in imports(tree):
            allowed = OWNERS.get(module.partition(".")[0])
            if allowed is not None and not path.startswith(allowed):
                yield Violation(path, line, f"{module} belongs to {', '.join(allowed)}")


def queries(root: Path) -> Iterator[Violation]:
    """A view reads through models and services; of the database library it knows the type of a session."""
    for path, tree in modules(root):
        if not path.startswith("views/") or path in VIEW_QUERIES:
            continue
        for line, module, names in imports(tree):
            if module.startswith("sqlmodel") and names != ("Session",):
                yield Violation(path, line, f"a view imports {', '.join(names) or module} from sqlmodel; ask a service")


def commits(root: Path) -> Iterator[Violation]:
    """One transaction, opened by the view, committed in one place."""
    for path, tree in modules(root):
        if path in COMMITS or package(path) in {"tests", "bench", "migrations"}:
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"commit", "begin_nested"}
            ):
                yield Violation(path, node.lineno, f"{node.func.attr} is called outside {', '.join(COMMITS)}")


def type_comparisons(root: Path) -> Iterator[Violation]:
    """One item type, one file: nobody asks of which type an item is."""
    for path, tree in modules(root):
        if package(path) == "tests":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                subjects = [node.left, *node.comparators]
            elif isinstance(node, ast.Match):
                subjects = [node.subject]
            else:
                continue
            if any(isinstance(one, ast.Attribute) and one.attr == "item_type" for one in subjects):
                yield Violation(path, node.lineno, "compares an item type; give the item a method")
    for path, content in files(root, ".html", ".txt"):
        yield from _found(path, content, r"\bitem_type\b", "a template looks at the item type")


def _found(path: str, content: str, pattern: str, what: str, flags: int = 0) -> Iterator[Violation]:
    for match in re.finditer(pattern, content, flags):
        yield Violation(path, content[: match.start()].count("\n") + 1, f"{what}: {match[0].strip()[:60]}")


def executed_text(root: Path) -> Iterator[Violation]:
    """Nothing that is data is executed, and no text becomes HTML unescaped."""
    for path, tree in modules(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from ((Violation(path, node.lineno, what)) for what in _executes(path, node))
        for line, module, _names in imports(tree):
            if module.partition(".")[0] in {"pickle", "marshal", "shelve", "dill"}:
                yield Violation(path, line, f"{module} executes what it reads")
    for path, content in files(root, ".html", ".txt"):
        yield from _found(path, content, r"\|\s*safe\b|\bautoescape\s+false", "unescaped text")


def _executes(path: str, call: ast.Call) -> Iterator[str]:
    function = call.func
    if isinstance(function, ast.Name) and function.id in {"eval", "exec", "compile", "__import__"}:
        yield f"{function.id} executes text"
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    if name in {"render_template_string", "from_string"} and package(path) != "bench":
        yield f"{name} executes text"
    if name == "Markup" and path not in RAW_HTML and package(path) != "tests":
        yield "Markup makes HTML of a text"
    if any(word.arg == "shell" and isinstance(word.value, ast.Constant) and word.value.value for word in call.keywords):
        yield "a shell reads the command"


def inline_code(root: Path) -> Iterator[Violation]:
    """The content security policy allows no inline style and no inline script."""
    for path, content in files(root, ".html"):
        yield from _found(path, content, r"\sstyle\s*=", "inline style", re.IGNORECASE)
        yield from _found(path, content, r"<style\b", "inline style", re.IGNORECASE)
        yield from _found(path, content, r"<script(?![^>]*\bsrc=)[^>]*>", "inline script", re.IGNORECASE)
        yield from _found(path, content, r"<[^>{]*\son[a-z]+\s*=", "inline handler", re.IGNORECASE)
        yield from _found(path, content, r"javascript:", "script in an address", re.IGNORECASE)


PHYSICAL = (
    r"(?<![\w-])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)(?:-\w+)*|left|right"
    r"|border-(?:top|bottom)-(?:left|right)-radius)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
)


def physical_directions(root: Path) -> Iterator[Violation]:
    """Pages work in both directions: start and end, never left and right."""
    for path, content in files(root, ".css"):
        bare = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), content, flags=re.DOTALL)
        yield from _found(path, bare, PHYSICAL, "physical direction")


# Put together here, so that this file does not hold them.
HOSTS = [".".join(words) for words in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("npmjs", "org"), ("jsdelivr", "net"),
         ("unpkg", "com"), ("cdnjs", "com"), ("cloudflare", "com"), ("googleapis", "com"), ("gstatic", "com"), ("jquery", "com"))]  # fmt: skip
MACHINE = ["/" + "work/", "/" + "tmp/", "/" + "home/", "/" + "root/", ".." + "/shared"]
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
WRITTEN = (
    ".py",
    ".js",
    ".css",
    ".html",
    ".txt",
    ".md",
    ".yaml",
    ".toml",
    ".cfg",
    ".in",
    ".sh",
    ".po",
    ".json",
    ".csv",
    ".mako",
)


def foreign_places(root: Path) -> Iterator[Violation]:
    """No address of a package index or of somebody else's server for scripts, no place of one machine."""
    hosts, places = "|".join(map(re.escape, HOSTS)), "|".join(map(re.escape, MACHINE))
    for path, content in files(root, *WRITTEN):
        yield from _found(path, content, hosts, "an address that the project does without", re.IGNORECASE)
        yield from _found(path, content, rf"(?<![\w.]){places}", "a place of one machine")


def unfinished(root: Path) -> Iterator[Violation]:
    """What is here is finished work."""
    for path, content in files(root, *WRITTEN):
        yield from _found(path, content, r"\b(?:" + "|".join(UNFINISHED) + r")", "unfinished")


def file_lengths(root: Path) -> Iterator[Violation]:
    """A file over 400 lines is asked why."""
    for path, content in files(root, ".py", ".js", ".css", ".html"):
        lines = content.count("\n")
        if lines > LONGEST and path not in LONG_FILES and not path.startswith("migrations/versions/"):
            yield Violation(path, lines, f"{lines} lines; split it by subject, or say in LONG_FILES why not")


def docstrings(root: Path) -> Iterator[Violation]:
    """Every module, public function and public class says what one gets."""
    for path, tree in modules(root):
        if package(path) == "tests" or path.startswith("migrations/versions/") or not tree.body:
            continue
        if not ast.get_docstring(tree):
            yield Violation(path, 1, "the module has no docstring")
        for node in tree.body:
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                yield Violation(path, node.lineno, f"{node.name} has no docstring")


def annotations_in_models(root: Path) -> Iterator[Violation]:
    """SQLModel reads the annotations of tables when they are made; postponed ones break relationships."""
    for path, tree in modules(root):
        if path.startswith("models/"):
            for line, module, _names in imports(tree):
                if module == "__future__":
                    yield Violation(path, line, "postponed annotations in models")


CHECKS: tuple[Check, ...] = (
    layers, owners, queries, commits, type_comparisons, executed_text, inline_code, physical_directions, foreign_places, unfinished,
    file_lengths, docstrings, annotations_in_models,
)  # fmt: skip
