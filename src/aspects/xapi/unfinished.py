"""Inserts whose end nobody has seen.

When ClickHouse dies in the middle of an insert, the raw table may have rows that the tables made of it never got, and
whoever loads the same statements again is told that they are stored. So the keys of each insert are written to a file
before it, and the file goes when ClickHouse has answered. What a file still names is stored once more by the next run:
every table is safe under duplicates (docs/warehouse.md, the law of the warehouse).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from aspects.errors import AspectsError

SUFFIX = ".keys"


@contextmanager
def noted(folder: Path | None, keys: bytes) -> Iterator[None]:
    """Keep the keys of an insert in a file of the folder until it has ended well; without a folder nothing is kept.

    Raises AspectsError when the file cannot be written.
    """
    if folder is None:
        yield
        return
    note = folder / f"{uuid4()}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        note.write_bytes(keys)
    except OSError as error:
        raise AspectsError(
            "Nothing was stored: what is about to be stored cannot be noted.",
            why=str(error),
            fix=f"Make {folder} writable, or free some space.",
            code="data.not_noted",
        ) from error
    yield
    note.unlink(missing_ok=True)


def left_over(folder: Path | None) -> list[Path]:
    """Notes of inserts that did not end well, or that another process has under way: repeating is harmless."""
    return sorted(folder.glob(f"*{SUFFIX}")) if folder else []
