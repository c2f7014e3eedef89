"""Vector's transforms before an engine: what a logger or a container wrote around an event, and ready statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from aspects.errors import AspectsError
from aspects.logs.engine import Answer, Engine
from aspects.vector.configuration import read
from aspects.vector.topology import Topology

T = TypeVar("T")

_FIRST: Final = "kinds"
_EVENT: Final = "events"
_STATEMENT: Final = "timestamps"
_DEAD_LETTER: Final = "dead_letters"
_NOTHING: Final = b"-"


class ThroughVector:
    """An engine that is given the events which the transforms of `vector/` find in lines.

    Statements that the LMS made itself are answers already. A line that the transforms do not know, as it is of another
    program, goes to the engine as it is, so that it is counted and kept.
    """

    def __init__(self, folder: Path, engine: Engine) -> None:
        """Raises AspectsError (`vector.program`) when a transform does not compile."""
        self._engine = engine
        try:
            self._topology = Topology(read(folder))
        except ValueError as error:
            raise AspectsError(
                "A transform of Vector does not compile.",
                why=str(error).strip(),
                fix="./inv vector.check says where.",
                code="vector.program",
            ) from error

    @property
    def handed_over(self) -> int:
        return self._engine.handed_over

    def answers(self, batches: Iterable[tuple[T, Sequence[bytes]]]) -> Iterator[tuple[T, list[Answer]]]:
        """As `Engine.answers`."""
        looked_at = ((mark, [self._look(line) for line in lines]) for mark, lines in batches)
        asked = (
            ((mark, seen), [_NOTHING if isinstance(one, Answer) else one for one in seen]) for mark, seen in looked_at
        )
        for (mark, seen), answers in self._engine.answers(asked):
            yield mark, [one if isinstance(one, Answer) else answer for one, answer in zip(seen, answers, strict=True)]

    def close(self) -> None:
        self._engine.close()

    def _look(self, line: bytes) -> bytes | Answer:
        """The event of a line; or what becomes of it without the engine."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return line
        given = self._topology.run(_FIRST, {"message": text})
        if found := given.get(_EVENT):
            return str(found[0]["message"]).encode()
        if found := given.get(_STATEMENT):
            return Answer(statements=(str(found[0]["event"]).encode(),))
        if found := given.get(_DEAD_LETTER):
            return Answer(reason=str(found[0]["reason"]), message=str(found[0]["message"]))
        return line
