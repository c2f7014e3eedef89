"""The groups of measurements, by the names that `bench --only` takes."""

from __future__ import annotations

from aspects.bench.clickhouse import measure_clickhouse
from aspects.bench.generator import measure_generator
from aspects.bench.ingest import measure_ingest
from aspects.bench.logs import measure_logs
from aspects.bench.lrs import measure_lrs
from aspects.bench.measures import Group
from aspects.bench.queries import measure_queries
from aspects.bench.refresh import measure_refresh
from aspects.bench.retire import measure_retire
from aspects.bench.start import measure_start

GROUPS: dict[str, Group] = {
    "clickhouse": measure_clickhouse,
    "generator": measure_generator,
    "ingest": measure_ingest,
    "logs": measure_logs,
    "lrs": measure_lrs,
    "queries": measure_queries,
    "refresh": measure_refresh,
    "retire": measure_retire,
    "start": measure_start,
}
