"""The warehouse's numbers against the ground truth."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from aspects.errors import AspectsError
from aspects.fake.measures import MEASURES, Expected, Key
from aspects.fake.queries import QUERIES

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_AT_RISK_AFTER: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the warehouse and the truth differ. A value that one of them does not have is 0."""

    measure: str
    key: dict[str, str]
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Verified:
    """How many measures were compared, where they differ, and the measures whose view does not exist."""

    compared: int
    differences: list[Difference]
    missing: list[str]

    @property
    def agrees(self) -> bool:
        return not self.differences and not self.missing


def verify(client: Client, expected: Expected) -> Verified:
    """Compare every measure of the truth with the warehouse.

    Raises AspectsError when the warehouse cannot be asked.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    differences: list[Difference] = []
    parameters = {"courses": expected.courses, "mark": expected.refused_mark}
    named = client.query("select name from system.tables where database = 'reporting'").result_rows
    views = {str(row[0]) for row in named}
    missing = [measure for measure in expected.measures if not views_of(measure) <= views]
    for measure, values in expected.measures.items():
        if measure in missing:
            continue
        try:
            rows = client.query(QUERIES[measure], parameters=parameters).result_rows
        except ClickHouseError as error:
            raise AspectsError(
                f"The measure {measure} cannot be read from the warehouse.",
                why=str(error).strip(),
                fix="Build the warehouse with ./inv warehouse.migrate and ./inv dbt.run, then verify again.",
                code="data.verify_query",
            ) from error
        found: dict[Key, Any] = {tuple(str(part) for part in row[:-1]): row[-1] for row in rows}
        if measure == "at_risk_learners":
            values, found = at_risk_now(values, found, datetime.now(UTC))
        differences += compare(measure, values, found)
    return Verified(len(expected.measures) - len(missing), differences, missing)


def views_of(measure: str) -> set[str]:
    """The views that a measure is read from."""
    return set(re.findall(r"reporting\.(\w+)", QUERIES[measure]))


def at_risk_now(
    expected: dict[Key, Any], found: dict[Key, Any], now: datetime
) -> tuple[dict[Key, Any], dict[Key, Any]]:
    """What of the truth is at risk as of now: those whose last visit is seven days ago.

    The truth knows the day of a last visit, so the day on which the seven days end is left out of both.
    """
    limit = (now - _AT_RISK_AFTER).date()
    return (
        {key: value for key, value in expected.items() if date.fromisoformat(key[1]) < limit},
        {key: value for key, value in found.items() if date.fromisoformat(key[1]) != limit},
    )


def compare(measure: str, expected: dict[Key, Any], found: dict[Key, Any]) -> list[Difference]:
    """The keys at which two sets of values differ."""
    names = MEASURES[measure]
    return [
        Difference(measure, dict(zip(names, key, strict=True)), expected.get(key, 0), found.get(key, 0))
        for key in sorted(expected.keys() | found.keys())
        if not _same(expected.get(key, 0), found.get(key, 0))
    ]


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, float) or isinstance(found, float):
        return math.isclose(expected, found, rel_tol=1e-6, abs_tol=1e-6)
    return bool(expected == found)
