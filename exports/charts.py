"""Native charts of the workbook, made by openpyxl over cells that stand in the sheet: patterns and figures, not colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from openpyxl.chart import BarChart, LineChart, Reference, Series
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.colors import ColorChoice
from openpyxl.drawing.fill import PatternFillProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties
from openpyxl.worksheet.worksheet import Worksheet

from exports.marks import BLANKS, SCALES
from exports.styles import INK, LINE

# One hue from dark to white for degrees; grey with a pattern of its own for what is not a degree. Pattern, front, back.
LOOKS: dict[str, tuple[str, str, str]] = {
    "full": ("solid", "0B4A72", "0B4A72"),
    "part": ("wdUpDiag", "7FB4D3", "5B9BC2"),
    "plan": ("ltHorz", "7FB4D3", "E6F1F7"),
    "none": ("solid", "FFFFFF", "FFFFFF"),
    "other": ("dkVert", "A9B4BE", "8794A0"),
    "sunk": ("solid", "DDE1E6", "DDE1E6"),
    "unknown": ("ltUpDiag", "8793A0", "FFFFFF"),
    "not_answered": ("pct5", "55606C", "FFFFFF"),
    "not_asked": ("smGrid", "C3CBD3", "FFFFFF"),
}
"""How a series is filled, by the name of its look; the marks of the matrix have the same tones."""
_OF_STYLE = {
    "mark_full": "full", "mark_part": "part", "mark_plan": "plan", "mark_none": "none", "mark_other": "other",
    "mark_sunk": "sunk", "mark_hatched": "unknown",
}  # fmt: skip
_CM_OF_POINT = 2.54 / 72
_SMALL = 800
"""Size of the figures in a chart, in hundredths of a point."""
_WIDTH = 24.0
_LEFT = "K"
"""The column at which charts begin, beside the tables."""
NO_ZERO = "0;;;"
"""Number format that leaves 0 out."""


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """A column of counts (1 is A) and its look."""

    column: int
    look: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over a table of the same sheet: where it stands, its rows of names, its row of heads, its series."""

    title: str
    row: int
    height: float
    """Points."""
    names: tuple[int, int]
    heads: int
    series: tuple[ChartSeries, ...]
    is_time: bool
    begins_page: bool
    right_to_left: bool


def looks_of(scale: str) -> tuple[str, ...]:
    """The looks of the codes of a scale in order, and of the blanks."""
    return (*(_OF_STYLE[mark.style] for mark in SCALES[scale].values()), *BLANKS)


def add_chart(page: Worksheet, chart: Chart) -> None:
    """Put the chart on the sheet."""
    drawn: Any = LineChart() if chart.is_time else BarChart()
    if not chart.is_time:
        drawn.type, drawn.grouping, drawn.overlap, drawn.gapWidth = "bar", "stacked", 100, 40
    first, last = chart.names
    for one in chart.series:
        series = Series(
            Reference(page, min_col=one.column, min_row=first, max_row=last), title_from_data=False
        )  # fmt: skip
        series.tx = Series(
            Reference(page, min_col=one.column, min_row=chart.heads, max_row=first), title_from_data=True
        ).tx
        _fill(series, one.look, is_line=chart.is_time)
        drawn.series.append(series)
    drawn.set_categories(Reference(page, min_col=1, min_row=first, max_row=last))
    drawn.title, drawn.legend.position = chart.title, "b"
    drawn.width, drawn.height = _WIDTH, chart.height * _CM_OF_POINT
    drawn.x_axis.tickLblSkip, drawn.y_axis.scaling.min = 1, 0
    drawn.x_axis.delete = drawn.y_axis.delete = False
    drawn.y_axis.number_format, drawn.y_axis.majorGridlines = "0", None
    drawn.x_axis.number_format = "yyyy-mm-dd" if chart.is_time else "General"
    if not chart.is_time:
        # The first row of the table on top, and the scale below all the same.
        drawn.x_axis.scaling.orientation, drawn.y_axis.crosses = "maxMin", "max"
    if chart.right_to_left:
        # Bars grow from the right, time runs to the left, as the sheet is read.
        (drawn.x_axis if chart.is_time else drawn.y_axis).scaling.orientation = "maxMin"
    page.add_chart(drawn, f"{_LEFT}{chart.row}")


def _fill(series: Any, look: str, *, is_line: bool) -> None:
    # Literals and descriptors of openpyxl, which its types do not take from a table.
    pattern, front, back = cast("tuple[Any, Any, Any]", LOOKS[look])
    series.graphicalProperties = GraphicalProperties()
    if is_line:
        series.graphicalProperties.line = LineProperties(solidFill=front, w=28_575)
        series.marker.symbol, series.marker.size = "circle", 6
        series.marker.graphicalProperties = GraphicalProperties(solidFill=front)
        series.smooth = False
    elif pattern == "solid":
        series.graphicalProperties.solidFill = front
    else:
        series.graphicalProperties.pattFill = PatternFillProperties(
            prst=pattern,
            fgClr=ColorChoice(srgbClr=front),
            bgClr=ColorChoice(srgbClr=back),
        )
    if not is_line:
        series.graphicalProperties.line = LineProperties(solidFill=INK if look == "none" else LINE, w=6_350)
    series.dLbls = DataLabelList(
        showVal=True, showSerName=False, showCatName=False, showLegendKey=False, numFmt=NO_ZERO
    )
    figures = CharacterProperties(sz=_SMALL, solidFill="FFFFFF" if look == "full" and not is_line else INK)
    series.dLbls.txPr = RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=figures), endParaRPr=figures)])
    series.dLbls.position = "t" if is_line else "ctr"
