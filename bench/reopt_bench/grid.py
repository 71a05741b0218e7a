"""A table of columns in groups, as aligned text and as Markdown."""

from __future__ import annotations

import dataclasses
import itertools


@dataclasses.dataclass
class Column:
    group: str  # the title that it shares with its neighbours
    name: str
    cells: list[str]

    @property
    def width(self) -> int:
        return max(map(len, [self.name, *self.cells]))


@dataclasses.dataclass
class Grid:
    corner: str  # what the rows are
    rows: list[str]
    columns: list[Column]

    def as_text(self) -> str:
        label_width = max(map(len, [self.corner, *self.rows]))
        lines = [
            f"{label:<{label_width}}" for label in ["", self.corner, *self.rows]
        ]
        for title, group in itertools.groupby(self.columns, lambda c: c.group):
            columns = list(group)
            block = [""] * (len(self.rows) + 1)
            for column in columns:
                cells = [column.name, *column.cells]
                block = [
                    f"{left} {cell:>{column.width}}"
                    for left, cell in zip(block, cells)
                ]
            width = max(map(len, [title, *block]))
            block.insert(0, title)
            lines = [
                f"{line}   {part:>{width}}" for line, part in zip(lines, block)
            ]
        return "\n".join(line.rstrip() for line in lines)

    def as_markdown(self) -> str:
        head = [self.corner]
        head += [f"{column.group}: {column.name}" for column in self.columns]
        ruler = ["---"] + ["---:"] * len(self.columns)
        body = [
            [row] + [column.cells[i] for column in self.columns]
            for i, row in enumerate(self.rows)
        ]
        return "\n".join(
            "| " + " | ".join(cells) + " |" for cells in [head, ruler, *body]
        )
