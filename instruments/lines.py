"""Where the things of an instrument stand in its file, so that a problem is said with its line."""

from __future__ import annotations

from dataclasses import dataclass, field

from instruments.soundness import Problem


@dataclass(slots=True)
class Lines:
    """The lines of one structure file, by what stands there."""

    file: str
    known: dict[str, list[int]] = field(default_factory=dict)
    from_block: dict[str, str] = field(default_factory=dict)
    """By item id: the block it comes from and its line there."""

    def note(self, place: str, line: int) -> None:
        """Something stands in a line."""
        self.known.setdefault(place, []).append(line)

    def said(self, problem: Problem) -> str:
        """The problem with file and line; for what stands twice also the first line, for an item of a block its line there."""
        if problem.subject.startswith("text."):
            return str(problem)
        lines = self.known.get(problem.place or problem.subject, [])
        sentence = str(problem)
        if problem.is_double and len(lines) > 1:
            sentence += f" The first stands in line {lines[0]}."
        if block := self.from_block.get(problem.subject):
            sentence += f" ({block})"
        return f"{self.file}, line {lines[-1]}: {sentence}" if lines else f"{self.file}: {sentence}"
