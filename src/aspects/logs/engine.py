"""What makes statements of the lines of a tracking log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Answer(NamedTuple):
    """What becomes of a line: its statements, each as JSON; or none, with a stable reason and a message."""

    statements: tuple[bytes, ...] = ()
    reason: str = ""
    message: str = ""


IN_DOUBT: Final = Answer(reason="doubt", message="Another engine must say.")
"""The answer of an engine that does not know; it never leaves the engines."""


class Engine(Protocol):
    """Makes statements of lines, on as many cores as it was given."""

    @property
    def handed_over(self) -> int:
        """Lines that it has asked another engine about."""

    def answers(self, batches: Iterable[tuple[T, Sequence[bytes]]]) -> Iterator[tuple[T, list[Answer]]]:
        """For each batch of lines one answer a line, in order, each batch with what came with it.

        Lines have no line ending inside. Batches are taken ahead of their answers. Raises AspectsError when the
        engine itself fails, and never because of a line.
        """

    def close(self) -> None:
        """End its processes."""
