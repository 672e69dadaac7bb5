"""The XLIFF file of a translator's program, read as it came back: no document type, no entities, each text with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl, InputSource, Locator

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.expatreader import DefusedExpatParser  # type: ignore[import-untyped]

from exports.texts_xliff import CHECK, NAMESPACE
from instruments.text_import import Delivery, Unit

REVIEWED_STATES = frozenset({"final", "signed-off"})
CONFIRMED_STATES = frozenset({"translated", *REVIEWED_STATES})
_INLINE = frozenset({"g", "x", "bx", "ex", "bpt", "ept", "it", "ph", "sub"})
_ORIGINAL = re.compile(r"([^/]+)/([^/]+)/([^/]+)/[^/]+")
_READ = frozenset({"source", "target", "context"})


def read_texts_xliff(path: Path) -> Delivery:
    """The texts of an XLIFF 1.2 file; what is wrong with it stands in `problems`."""
    delivery = Delivery()
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setFeature(feature_namespaces, True)
    handler = _Handler(delivery)
    parser.setContentHandler(handler)
    try:
        with path.open("rb") as file:
            source = InputSource()
            source.setByteStream(file)
            parser.parse(source)
    except DefusedXmlException:
        delivery.problems.append(
            f"line {handler.line}: the file declares a document type or entities, which are not read. Remove the declaration."
        )
    except SAXParseException as error:
        delivery.problems.append(
            f"line {error.getLineNumber()}: the file is not whole XML ({error.getMessage()}). Let the program write it again."
        )
    except (SAXException, OSError, UnicodeError, LookupError, ValueError) as error:
        delivery.problems.append(f"The file cannot be read: {error}. Let the program write it again.")
    if not delivery.problems and not handler.files:
        delivery.problems.append("The file holds no <file> of XLIFF 1.2. Export the texts again.")
    return delivery


@dataclass(slots=True)
class _Reading:
    """One <trans-unit> while it is read."""

    line: int
    id: str
    texts: dict[str, str] = field(default_factory=dict)
    state: str = ""
    inline: str = ""


class _Handler(ContentHandler):
    def __init__(self, delivery: Delivery) -> None:
        super().__init__()
        self.delivery = delivery
        self.files = 0
        self.stack: list[str] = []
        self.unit: _Reading | None = None
        self.context = ""
        self._locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:
        """Told by the parser before it begins."""
        self._locator = locator

    @property
    def line(self) -> int:
        """Where the parser is."""
        return (self._locator.getLineNumber() if self._locator else 0) or 0

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl) -> None:
        """An element begins."""
        namespace, local = name
        given = {key[1]: value for key, value in attrs.items()}
        if not self.stack and (local != "xliff" or namespace != NAMESPACE or given.get("version") != "1.2"):
            raise SAXException(
                f"it is no XLIFF 1.2, but <{local}> {given.get('version', '')} of {namespace or 'no namespace'}"
            )
        if namespace != NAMESPACE:
            local = f"other:{local}"
        if local == "file":
            self._file(given)
        elif local == "trans-unit":
            self.unit = _Reading(self.line, given.get("id", ""))
        elif self.unit is not None:
            self._inside_unit(self.unit, local, given)
        self.stack.append(local)

    def _inside_unit(self, unit: _Reading, local: str, given: dict[str, Any]) -> None:
        own = self.stack[-1] == "trans-unit"
        if local == "target" and own:
            unit.state = given.get("state", "")
        if local in {"source", "target"} and own:
            unit.texts.setdefault(local, "")
        if local in _INLINE and self._part() in {"source", "target"}:
            unit.inline = local
        self.context = given.get("context-type", "") if local == "context" else self.context

    def _part(self) -> str:
        """The part of the unit that is being read: source, target or check; empty for everything else, such as suggestions."""
        if "trans-unit" not in self.stack:
            return ""
        inner = self.stack[self.stack.index("trans-unit") + 1 :]
        if not inner or inner[0] not in {"source", "target", "context-group"}:
            return ""
        if inner[0] == "context-group":
            return "check" if inner[-1] == "context" and self.context == CHECK else ""
        return inner[0]

    def characters(self, content: str) -> None:
        """Text, in pieces."""
        part = self._part() if self.unit is not None else ""
        if part and self.unit is not None:
            self.unit.texts[part] = self.unit.texts.get(part, "") + content

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        """An element ends."""
        ended = self.stack.pop()
        if ended == "trans-unit" and self.unit is not None:
            self._finish(self.unit)
            self.unit = None

    def _file(self, given: dict[str, Any]) -> None:
        self.files += 1
        original = _ORIGINAL.fullmatch(given.get("original", ""))
        if original is None:
            self._problem(
                f"the attribute original is {given.get('original', '')!r}, not what was exported. Export the texts again."
            )
            return
        instrument, version, language = original.groups()
        target = str(given.get("target-language") or language).lower().split("-")[0]
        if target != language:
            self._problem(
                f"the target language is {target}, but the texts were exported for {language}. Export for {target}."
            )
        delivery = self.delivery
        before = (delivery.instrument, delivery.version, delivery.language)
        if self.files > 1 and before != (instrument, version, language):
            self._problem("the file puts texts of several exports together. Give each back in a file of its own.")
        delivery.instrument, delivery.version, delivery.language = instrument, version, language

    def _finish(self, unit: _Reading) -> None:
        place = f"line {unit.line}"
        if not unit.id or "source" not in unit.texts:
            self._problem("a <trans-unit> has no id or no source. Put it back as it was exported.", unit.line)
            return
        if unit.inline:
            self._problem(
                f"{unit.id} holds an inline tag <{unit.inline}>. The texts are plain: remove the tag.", unit.line
            )
            return
        self.delivery.units.append(Unit(
            place, unit.id, unit.texts["source"].strip(), unit.texts.get("target", "").strip(), unit.texts.get("check", "").strip(),
            reviewed=unit.state in REVIEWED_STATES if unit.state else None, confirmed=unit.state in CONFIRMED_STATES,
        ))  # fmt: skip

    def _problem(self, sentence: str, line: int = 0) -> None:
        self.delivery.problems.append(f"line {line or self.line}: {sentence}")
