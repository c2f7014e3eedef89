"""Streams of random numbers that are the same on every machine and in any number of workers.

A stream is named by a path, such as a seed, a course and a learner, so what one learner does depends on
nothing that was drawn for another. Only `Random.random` is used: Python keeps its sequence from version
to version, which it does not promise of the other methods.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


def number(*path: object) -> int:
    """A 128-bit number that the path alone decides."""
    name = "\0".join(str(part) for part in path).encode()
    return int.from_bytes(blake2b(name, digest_size=16).digest(), "big")


def uuid(*path: object) -> str:
    """A UUID of the random kind (version 4) that the path alone decides."""
    return str(UUID(int=number(*path), version=4))


class Chance:
    """One stream of random numbers."""

    __slots__ = ("random",)

    def __init__(self, *path: object) -> None:
        self.random = Random(number(*path)).random  # noqa: S311  # a simulation, not a secret
        """A number from 0 up to, not including, 1."""

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int((high - low + 1) * self.random())

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self.random() * len(values))]

    def weighted(self, values: Sequence[T], up_to: Sequence[float]) -> T:
        """One of the values; `up_to` holds the running sum of their weights."""
        return values[min(bisect_right(up_to, self.random() * up_to[-1]), len(values) - 1)]

    def normal(self, mean: float, deviation: float) -> float:
        distance = math.sqrt(-2.0 * math.log(1.0 - self.random()))
        return mean + deviation * distance * math.cos(2.0 * math.pi * self.random())

    def waiting(self, mean: float) -> float:
        """A waiting time: exponential with this mean."""
        return -mean * math.log(1.0 - self.random())

    def digits(self, count: int) -> str:
        """Hexadecimal digits, at most 48."""
        high = int(self.random() * (1 << 48))
        middle = int(self.random() * (1 << 48))
        return f"{high:012x}{middle:012x}{int(self.random() * (1 << 48)):012x}{high ^ middle:012x}"[:count]
