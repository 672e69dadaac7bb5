"""What the Word library has no words for: runs of one direction, page numbers, the mark across a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

_MARK = "\u200e"
_DASHED = re.compile(r"\d+(?:[-–/]\d+)+")
_RANGE = re.compile(r"\d+(?:[-–/.,:]\d+)+")
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
    }.items()
)


def scripts(text: str, rtl: bool) -> Iterator[tuple[str, bool]]:
    """The text in stretches of one direction, for runs with and without `w:rtl`; `rtl` is that of the whole.

    Signs and figures between letters of one direction go with them; at the border of two they go with the whole. A range of
    numbers (`2026-2027`) runs from left to right everywhere.
    """
    ways = _ways(text, rtl)
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or ways[place] != ways[start]:
            yield text[start:place], ways[start]
            start = place


def _ways(text: str, rtl: bool) -> list[bool]:
    strong: list[bool | None] = []
    for sign in text:
        kind = unicodedata.bidirectional(sign)
        strong.append(False if kind == "L" else True if kind in {"R", "AL"} else None)
    for match in _RANGE.finditer(text):
        strong[match.start() : match.end()] = [False] * (match.end() - match.start())
    before: list[bool | None] = []
    last: bool | None = rtl
    for sign, way in zip(text, strong, strict=True):
        last = rtl if sign == "\n" else last if way is None else way
        before.append(last)
    ways = [rtl] * len(text)
    following: bool | None = rtl
    for place in range(len(text) - 1, -1, -1):
        way = strong[place]
        if text[place] == "\n":
            following = rtl
        elif way is not None:
            following = ways[place] = way
        elif unicodedata.bidirectional(text[place]) == "EN" and before[place] is False:
            following = ways[place] = False  # a figure after a Latin word belongs to it
        elif before[place] == following:
            ways[place] = bool(following)
    return ways


def marked(text: str) -> str:
    """A range of numbers between two marks: Word goes by the run, other programs would read `2026–2027` backwards."""
    return f"{_MARK}{text}{_MARK}" if _DASHED.fullmatch(text) else text


def light_borders() -> Any:
    """Thin grey lines around the cells of a table (`w:tblBorders`)."""
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", "C9D0D8")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    return borders


def field_runs(paragraph: Paragraph, instruction: str, *, rtl: bool) -> None:
    """A number that the word processor fills in, such as `PAGE`."""
    for kind, text in (("begin", ""), ("", instruction), ("separate", ""), ("text", "1"), ("end", "")):
        run = paragraph.add_run()
        if rtl:
            run.font.rtl = True
        if kind == "text":
            run.text = text
        elif kind:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
            run._r.append(element)
        else:
            element = OxmlElement("w:instrText")
            element.set(qn("xml:space"), "preserve")
            element.text = f" {text} "
            run._r.append(element)


def watermark_xml(text: str, font: str) -> str:
    """Large grey words behind the text of every page, turned by 45 degrees: the form in which Word itself keeps a watermark."""
    width = min(480, 95 * max(4, len(text)))
    return (
        f"<w:pict {_NAMESPACES}>"
        '<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" path="m@7,l@8,m@5,21600l@6,21600e">'
        '<v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/>'
        '<v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/>'
        '<v:f eqn="if @0 @4 21600"/><v:f eqn="mid @5 @6"/><v:f eqn="mid @8 @5"/><v:f eqn="mid @7 @8"/><v:f eqn="mid @6 @7"/>'
        '<v:f eqn="sum @6 0 @5"/></v:formulas><v:path textpathok="t" o:connecttype="custom"'
        ' o:connectlocs="@9,0;@10,10800;@11,21600;@12,10800" o:connectangles="270,180,90,0"/>'
        '<v:textpath on="t" fitshape="t"/><o:lock v:ext="edit" text="t" shapetype="t"/></v:shapetype>'
        f'<v:shape id="DraftMark" o:spid="_x0000_s2049" type="#_x0000_t136" alt="{escape(text, {chr(34): "&quot;"})}"'
        f' style="position:absolute;margin-left:0;margin-top:0;width:{width}pt;height:120pt;rotation:315;z-index:-251658752;'
        "mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        f'mso-position-vertical:center;mso-position-vertical-relative:margin" o:allowincell="f"'
        ' fillcolor="#e9ecef" stroked="f">'
        f'<v:textpath style="font-family:&quot;{font}&quot;;font-size:1pt" string="{escape(text, {chr(34): "&quot;"})}"/>'
        "</v:shape></w:pict>"
    )
