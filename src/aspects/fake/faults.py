"""What goes wrong on the way of statements: repeated ones, late ones, ones out of order, and broken ones.

What was to be stored is in it all the same, so the truth stays as it is. Broken statements come besides
the good ones, and are counted by the reason for which the warehouse refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Final

from aspects.errors import AspectsError
from aspects.fake.chance import Chance, number
from aspects.fake.course import Scenario
from aspects.fake.generate import Chunk
from aspects.fake.truth import Truth

_LATE_CHUNKS: Final = 3
"""How many chunks a late statement may be late."""
_PLACES: Final = 40
"""How many places a statement out of order may be moved."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The share of statements, from 0 to 1, that each fault meets."""

    duplicates: float = 0.0
    late: float = 0.0
    disorder: float = 0.0
    malformed: float = 0.0

    @property
    def any(self) -> bool:
        return bool(self.duplicates or self.late or self.disorder or self.malformed)


USUAL: Final = Faults(duplicates=0.01, late=0.02, disorder=0.05, malformed=0.001)
"""What is meant when faults are wanted and not named."""


def parse(text: str) -> Faults:
    """Faults as a person writes them: `duplicates=0.01,late=0.02`. Raises AspectsError."""
    names = [one.name for one in fields(Faults)]
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            shares[name.strip()] = -1.0
        if name.strip() not in names or not 0 <= shares[name.strip()] <= 1:
            raise AspectsError(
                f"{part!r} is no fault.",
                why=f"The faults are {', '.join(names)}, each with a share from 0 to 1.",
                fix="Write --faults duplicates=0.01,late=0.02 for example, or --faults alone for the usual ones.",
                code="data.faults",
                status=2,
            )
    return Faults(**shares)


def _without(pattern: bytes, by: bytes = b"") -> tuple[re.Pattern[bytes], bytes]:
    return re.compile(pattern), by


_BREAKS: Final = {
    "invalid JSON": _without(rb'"object":.*'),
    "no id": _without(rb'"id":"[^"]*",'),
    "no timestamp": _without(rb'"timestamp":"[^"]*",'),
    "no actor": _without(rb'"actor":\{.*?\}\},'),
    "verb is no IRI": _without(rb'("verb":\{"id":)"[^"]*"', rb'\1"did"'),
}
"""By the warehouse's reason for refusing it, what is taken out of a statement and what is put there instead."""
REASONS: Final = tuple(_BREAKS)


def break_statement(text: bytes, reason: str) -> bytes:
    """A statement that is refused for this reason."""
    pattern, by = _BREAKS[reason]
    return pattern.sub(by, text, count=1)


def mark_of(scenario: Scenario, count: int, faults: Faults) -> str:
    """What the ids of a run's broken statements begin with."""
    digits = f"{number(scenario.key, 'malformed', count, faults):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4"


def disturb(chunks: Iterable[Chunk], faults: Faults, scenario: Scenario, count: int) -> Iterator[Chunk]:
    """The chunks as they arrive when things go wrong. The same chunks and faults give the same again."""
    mark = mark_of(scenario, count, faults)
    late: list[tuple[int, int, bytes]] = []
    place = -1
    for place, chunk in enumerate(chunks):
        chance = Chance(scenario.key, "faults", place)
        arriving: list[tuple[float, int, bytes, int | None]] = []
        lines = chunk.lines.splitlines(keepends=True)
        for rank, (time, line) in enumerate(zip(chunk.times, lines, strict=True)):
            if chance.happens(faults.late):
                late.append((place + chance.whole(1, _LATE_CHUNKS), time, line))
            else:
                moved = chance.between(0.0, _PLACES) if chance.happens(faults.disorder) else 0.0
                arriving.append((rank + moved, time, line, None))
            if chance.happens(faults.duplicates):
                if chance.happens(0.5):
                    late.append((place + chance.whole(1, _LATE_CHUNKS), time, line))
                else:
                    arriving.append((rank + chance.between(1.0, len(lines)), time, line, None))
            if chance.happens(faults.malformed):
                reason = chance.pick(REASONS)
                own = mark + f"{number(scenario.key, 'broken', place, rank) % 16**19:019x}"
                identifier = f"{own[:18]}-8{own[19:22]}-{own[22:34]}"
                broken = break_statement(b'{"id":"' + identifier.encode() + line[43:-1], reason)
                arriving.append((rank + 0.5, time, broken + b"\n", int(identifier.replace("-", ""), 16)))
                chunk.truth.counts["refused_statements"][(reason,)] += 1
        for _, time, line in [one for one in late if one[0] == place]:
            arriving.append((len(lines) * chance.random(), time, line, None))
        late = [one for one in late if one[0] > place]
        arriving.sort(key=lambda one: one[0])
        yield _chunk(arriving, chunk)
    if late:
        yield _chunk([(0.0, time, line, None) for _, time, line in late], Chunk(b"", [], Truth(), []))


def _chunk(arriving: list[tuple[float, int, bytes, int | None]], of: Chunk) -> Chunk:
    own_ids = {place: own for place, (_, _, _, own) in enumerate(arriving) if own is not None}
    return Chunk(
        b"".join(line for _, _, line, _ in arriving),
        [time for _, time, _, _ in arriving],
        of.truth,
        of.enrollments,
        of.people,
        own_ids,
    )
