"""What leaves as a Word file: one State's answers, and the passage on a State that it validates."""

from __future__ import annotations

from docx.shared import Cm, Pt

from exports.document import ANSWER, NO_INFORMATION, PrintedItem, PrintedQuestion, PrintedResponse
from exports.passage import CountryPassage, PassageTopic, Validation
from exports.word_file import WordFile

BOX = "☐"
"""A box to tick, on paper or on a screen."""


def write_word(printed: PrintedResponse) -> bytes:
    """The file of one State's answers."""
    return _Answers(printed).write(printed)


def write_passage(passage: CountryPassage) -> bytes:
    """The file of the passage on a State, with room for its corrections and its signature."""
    return _Passage(passage).write(passage)


class _Answers(WordFile):
    """The answers, paragraph by paragraph."""

    def write(self, printed: PrintedResponse) -> bytes:
        """The file."""
        self.margins()
        self.words(self.book.add_paragraph(style="Title"), printed.title)
        self.words(self.book.add_paragraph(style="Lead"), self.own(printed.state))
        self.table(printed.facts)
        self.book.add_paragraph(style="Note")
        for note in printed.notes:
            self.words(self.book.add_paragraph(style="Note"), note)
        for section in printed.sections:
            self.words(self.book.add_paragraph(style="Heading 1"), section.label)
            for question in section.questions:
                self._question(question)
        for sentence in printed.left_out:
            self.words(self.book.add_paragraph(style="Blank"), self.own(sentence))
        self._signature(printed.signature)
        return self.packed()

    def _question(self, question: PrintedQuestion) -> None:
        head = self.book.add_paragraph(style="Heading 2")
        # The number is set apart, or a bracket of it would change sides.
        self.words(head, self.own(question.number))
        self.run(head, "  ", "", self.printed.rtl)
        self.words(head, question.label)
        for passage in question.official:
            self.words(self.book.add_paragraph(style="Official text"), passage)
        if question.note:
            self.words(self.book.add_paragraph(style="Note"), self.own(question.note))
        self.words(self.book.add_paragraph(style="Lead"), question.lead)
        for item in question.items:
            self._item(item)
        for remark in question.remarks:
            self.words(self.book.add_paragraph(style="Blank"), self.own(remark))

    def _item(self, item: PrintedItem) -> None:
        head = self.book.add_paragraph(style="Item")
        head.paragraph_format.keep_with_next = True
        self.words(head, item.label)
        style = "Answer" if item.kind in {ANSWER, NO_INFORMATION} else "Blank"
        for line in item.lines:
            self.line(line, style)

    def _signature(self, lines: tuple[str, ...]) -> None:
        if not lines:
            return
        head, *rest = lines
        self.words(self.book.add_paragraph(style="Heading 1"), self.own(head))
        for sentence in rest:
            self.words(self.book.add_paragraph(style="Answer"), self.own(sentence))
        line = self.book.add_paragraph("_" * 60, style="Answer")
        self.side(line, self.printed.rtl)
        line.paragraph_format.space_before = Pt(24)


class _Passage(WordFile):
    """The passage on a State, subject by subject."""

    def write(self, passage: CountryPassage) -> bytes:
        """The file."""
        self.margins()
        self.words(self.book.add_paragraph(style="Title"), passage.title)
        self.table(passage.facts)
        self.book.add_paragraph(style="Note")
        for note in passage.notes:
            self.words(self.book.add_paragraph(style="Note"), note)
        for topic in passage.topics:
            self._topic(topic)
        self._validation(passage.validation)
        return self.packed()

    def _topic(self, topic: PassageTopic) -> None:
        self.words(self.book.add_paragraph(style="Heading 2"), self.own(topic.title))
        for paragraph in topic.paragraphs:
            if paragraph.label:
                head = self.book.add_paragraph(style="Item")
                head.paragraph_format.keep_with_next = True
                self.words(head, self.own(paragraph.label))
            for line in paragraph.lines:
                self.line(line, "Answer")
            for blank in paragraph.blanks:
                self.line(blank, "Blank")

    def _validation(self, validation: Validation) -> None:
        self.words(self.book.add_paragraph(style="Heading 2"), self.own(validation.title))
        for question, answers in validation.questions:
            boxes = [f"{BOX} {answer}" for answer in answers]
            paragraph = self.book.add_paragraph(style="Answer")
            self.words(paragraph, self.own("   ".join([question, *boxes] if question else boxes)))
            paragraph.paragraph_format.keep_with_next = True
        table = self.table((name, "") for name in (validation.corrections, *validation.fields))
        table.rows[0].height = Cm(3)
