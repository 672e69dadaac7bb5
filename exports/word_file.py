"""A Word file of ours: styles, both directions, the table of facts, what stands on every page. Same data, same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from exports.cells import clean
from exports.document import Passage, Printed, PrintedLine
from exports.word_parts import field_runs, light_borders, marked, scripts, watermark_xml

LATIN, ARABIC, CHINESE = "Arial", "Arial", "Microsoft YaHei"
"""On every desktop with Word; other programs put a font of their own in place."""
INK, QUIET, BAND = RGBColor(0x1A, 0x24, 0x30), RGBColor(0x55, 0x60, 0x6C), RGBColor(0x1F, 0x3A, 0x5F)
_STAMP = (1980, 1, 1, 0, 0, 0)
_PAGE = re.compile(r"(\{page\}|\{pages\})")
_FINGERPRINT = re.compile("[0-9a-f]{64}")
_TAGS = {"ar": "ar-SA", "zh": "zh-CN", "en": "en-GB", "fr": "fr-FR", "ru": "ru-RU", "es": "es-ES"}

# Name: (based on, size, bold, colour, space before, space after, indent in cm)
_STYLES: dict[str, tuple[str, float, bool, RGBColor, float, float, float]] = {
    "Title": ("", 20, True, BAND, 0, 6, 0),
    "Heading 1": ("", 15, True, BAND, 18, 6, 0),
    "Heading 2": ("", 12.5, True, INK, 14, 4, 0),
    "Official text": ("Normal", 10, False, INK, 2, 2, 0.5),
    "Note": ("Normal", 9, False, QUIET, 0, 4, 0),
    "Lead": ("Normal", 10.5, True, INK, 6, 2, 0),
    "Item": ("Normal", 10, True, INK, 6, 1, 0),
    "Answer": ("Normal", 10, False, INK, 0, 2, 0.5),
    "Blank": ("Normal", 10, False, QUIET, 0, 2, 0.5),
    "Fact": ("Normal", 10, False, INK, 3, 3, 0),
    "Fingerprint": ("Normal", 7.5, False, INK, 4, 3, 0),
}


class WordFile:
    """One file while it is written."""

    def __init__(self, printed: Printed) -> None:
        self.printed = printed
        self.book: WordDocument = Document()
        self._looks()

    def own(self, text: str) -> Passage:
        return Passage(text, self.printed.language, self.printed.rtl)

    def words(self, paragraph: Paragraph, passage: Passage) -> None:
        """Words in their language. A title that is only there in another language keeps to the side of the document."""
        self.run_all(paragraph, passage)
        texts_own = paragraph.style is not None and paragraph.style.name in {"Official text", "Lead", "Note"}
        self.side(paragraph, passage.rtl if texts_own else self.printed.rtl)

    def line(self, line: PrintedLine, style: str) -> None:
        paragraph = self.book.add_paragraph(style=style)
        if line.label:
            # A question ends with its own sign.
            label = line.label + (" " if line.label.endswith(("?", "؟", "？")) else self.printed.colon)
            self.run_all(paragraph, self.own(label.rstrip() if line.own else label), bold=True)
            if line.own:
                self.side(paragraph, self.printed.rtl)
                paragraph.paragraph_format.keep_with_next = True
                paragraph = self.book.add_paragraph(style=style)
        self.run_all(paragraph, line.words)
        self.side(paragraph, line.words.rtl if line.own else self.printed.rtl)
        if line.tag and line.own:
            paragraph.paragraph_format.keep_with_next = True
            paragraph = self.book.add_paragraph(style="Blank")
            self.words(paragraph, self.own(f"({line.tag})"))
        elif line.tag:
            self.run_all(paragraph, self.own(f" ({line.tag})"))

    def run_all(self, paragraph: Paragraph, passage: Passage, *, bold: bool = False) -> None:
        for text, rtl in scripts(clean(passage.text)[0], passage.rtl):
            self.run(paragraph, marked(text) if passage.rtl else text, passage.language, rtl, bold=bold)

    def side(self, paragraph: Paragraph, rtl: bool) -> None:
        """`w:bidi`, which the library does not know; with it "left" is the side where a line begins."""
        properties = paragraph._p.get_or_add_pPr()
        for old in properties.findall(qn("w:bidi")):
            properties.remove(old)
        bidi = OxmlElement("w:bidi")
        bidi.set(qn("w:val"), "1" if rtl else "0")
        properties.insert_element_before(
            bidi, "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing", "w:mirrorIndents",
            "w:suppressOverlap", "w:jc", "w:textDirection", "w:textAlignment", "w:textboxTightWrap", "w:outlineLvl", "w:divId",
            "w:cnfStyle", "w:rPr", "w:sectPr", "w:pPrChange",
        )  # fmt: skip

    def run(self, paragraph: Paragraph, text: str, language: str, rtl: bool, *, bold: bool = False) -> None:
        run = paragraph.add_run()
        if bold:
            run.font.bold = True
            run.font.cs_bold = True
        properties = run._r.get_or_add_rPr()
        if rtl:
            run.font.rtl = True
        if language in _TAGS:
            tag = OxmlElement("w:lang")
            tag.set(qn({"ar": "w:bidi", "zh": "w:eastAsia"}.get(language, "w:val")), _TAGS[language])
            properties.append(tag)
        run.text = text.replace("\r\n", "\n").replace("\r", "\n")

    def table(self, rows: Iterable[tuple[str, str]]) -> Any:
        """Names at the side where a line begins, and what is said of them."""
        table: Any = self.book.add_table(rows=0, cols=2)
        table.style = "Table Grid"
        table._tbl.tblPr.insert_element_before(
            light_borders(), "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook"
        )  # fmt: skip
        table.autofit = False
        table.columns[0].width, table.columns[1].width = Cm(5), Cm(11.5)
        if self.printed.rtl:
            properties = table._tbl.tblPr
            visual = OxmlElement("w:bidiVisual")
            properties.insert_element_before(
                visual, "w:tblStyleRowBandSize", "w:tblStyleColBandSize", "w:tblW", "w:jc", "w:tblLayout", "w:tblLook"
            )
        for name, value in rows:
            cells = table.add_row().cells
            cells[0].width, cells[1].width = Cm(5), Cm(11.5)
            for cell, text, bold in ((cells[0], name, True), (cells[1], value, False)):
                paragraph = cell.paragraphs[0]
                # A fingerprint keeps to one line.
                paragraph.style = "Fingerprint" if _FINGERPRINT.fullmatch(text) else "Fact"
                self.run_all(paragraph, self.own(text), bold=bold)
                self.side(paragraph, self.printed.rtl)
        return table

    def margins(self) -> None:
        """The head with State and receipt, the mark of a draft, page numbers."""
        printed, section = self.printed, self.book.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.2)
        section.top_margin, section.bottom_margin = Cm(2.4), Cm(2)
        if printed.rtl:
            section._sectPr.insert_element_before(
                OxmlElement("w:bidi"), "w:rtlGutter", "w:docGrid", "w:printerSettings"
            )
        head = section.header.paragraphs[0]
        if printed.banner:
            self.run_all(head, self.own(printed.banner), bold=True)
            self.side(head, printed.rtl)
            head.paragraph_format.space_after = Pt(0)
            head = section.header.add_paragraph(style="Header")
        self.run_all(head, self.own(printed.running_head))
        self.side(head, printed.rtl)
        head.paragraph_format.space_after = Pt(8)
        if printed.watermark:
            run = section.header.paragraphs[0].add_run()
            run._r.append(parse_xml(watermark_xml(clean(printed.watermark)[0], LATIN)))
        foot = section.footer.paragraphs[0]
        foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self.side(foot, printed.rtl)
        for part in _PAGE.split(printed.page_words):
            if _PAGE.fullmatch(part):
                field_runs(foot, "PAGE" if part == "{page}" else "NUMPAGES", rtl=printed.rtl)
            elif part:
                self.run_all(foot, self.own(part))

    def _looks(self) -> None:
        styles = self.book.styles
        self._font(styles["Normal"], 10, bold=False, color=INK)
        for name, (base, size, bold, color, before, after, indent) in _STYLES.items():
            if name in [style.name for style in styles]:
                style = styles[name]
            else:
                style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
                style.base_style = styles[base]
            assert isinstance(style, ParagraphStyle)
            self._font(style, size, bold=bold, color=color)
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
            style.paragraph_format.line_spacing = 1.15
            # From the side where the line begins, whichever it is.
            style.paragraph_format.left_indent = Cm(indent) if indent else None
            style.paragraph_format.keep_with_next = name.startswith(("Heading", "Lead")) or None
        for name in ("Header", "Footer"):
            self._font(styles[name], 8.5, bold=False, color=QUIET)
        title = styles["Title"].element.get_or_add_pPr()
        for border in title.findall(qn("w:pBdr")):
            title.remove(border)
        for name in _STYLES:
            # Space between letters, which the library's own template gives titles, tears Arabic words apart.
            properties = styles[name].element.get_or_add_rPr()
            for spaced in [*properties.findall(qn("w:spacing")), *properties.findall(qn("w:kern"))]:
                properties.remove(spaced)
        defaults = styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}/{qn('w:lang')}")
        if defaults is not None:
            defaults.set(qn("w:val"), _TAGS["en" if self.printed.language in {"ar", "zh"} else self.printed.language])
            defaults.set(qn("w:bidi"), _TAGS["ar"])
            defaults.set(qn("w:eastAsia"), _TAGS["zh"])

    def _font(self, style: Any, size: float, *, bold: bool, color: RGBColor) -> None:
        style.font.name, style.font.size, style.font.bold = LATIN, Pt(size), bold
        style.font.cs_bold, style.font.italic, style.font.color.rgb = bold, False, color
        properties = style.element.get_or_add_rPr()
        fonts = properties.find(qn("w:rFonts"))
        for name in list(fonts.attrib):
            if name.endswith("Theme"):  # a font of the theme would win
                del fonts.attrib[name]
        fonts.set(qn("w:cs"), ARABIC)
        fonts.set(qn("w:eastAsia"), CHINESE)
        for old in properties.findall(qn("w:szCs")):
            properties.remove(old)
        size_cs = OxmlElement("w:szCs")
        size_cs.set(qn("w:val"), str(int(size * 2)))
        properties.find(qn("w:sz")).addnext(size_cs)

    def packed(self) -> bytes:
        """The file without a clock in it: properties of the data's own moment, archive members of one time."""
        properties = self.book.core_properties
        moment = self.printed.moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        properties.title = clean(f"{self.printed.title.text} – {self.printed.state}")[0][:250]
        properties.subject, properties.author = self.printed.running_head[:250], ""
        properties.last_modified_by, properties.comments, properties.keywords = "", "", ""
        properties.created = properties.modified = moment
        properties.language, properties.revision = self.printed.language, 1
        written = io.BytesIO()
        self.book.save(written)
        target = io.BytesIO()
        with ZipFile(written) as source, ZipFile(target, "w", ZIP_DEFLATED) as out:
            for name, content in _members(source):
                out.writestr(ZipInfo(name, _STAMP), content, ZIP_DEFLATED)
        return target.getvalue()


def _members(source: ZipFile) -> Iterator[tuple[str, bytes]]:
    for entry in source.infolist():
        yield entry.filename, source.read(entry)
