"""Where in the files something stands that a rule found in rendered SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from aspects.assets.rules.registry import Context
from aspects.assets.source import Item


def line_of_name(context: Context, item: Item, name: str) -> tuple[str, int]:
    """The file and line where a name is written: in the dataset's query file, else in the dataset."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    for file, text in _files(context, item):
        for number, row in enumerate(text.splitlines(), 1):
            if word.search(row) and not row.lstrip().startswith("--"):
                return file, number
    return item.file, item.line("sql")


def _files(context: Context, item: Item) -> Iterator[tuple[str, str]]:
    for query in item.queries:
        path = Path(context.assets.folder, f"queries/{query}.sql")
        if path.is_file():
            yield f"queries/{query}.sql", path.read_text(encoding="utf-8")
    yield item.file, item.text
