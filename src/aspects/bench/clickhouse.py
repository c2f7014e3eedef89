"""The embedded ClickHouse against the same engine without a server in front of it."""

from __future__ import annotations

import subprocess
from typing import Any

import orjson

from aspects.bench.measures import Measure, measure
from aspects.errors import AspectsError
from aspects.settings import Settings


def measure_clickhouse(settings: Settings) -> list[Measure]:
    """Run the service's own `bench.py` in its own environment and hold its figures against the targets."""
    found = _run_bench(settings)
    http, in_process = found["insert"]["http"], found["insert"]["in_process"]
    stream = found["stream"]
    return [
        measure("clickhouse.round_trip", found["round_trip_ms"], "ms"),
        measure("clickhouse.insert", http["rows_per_second"], "rows/s"),
        measure("clickhouse.insert_bytes", http["bytes_per_second"] / 1e6, "MB/s"),
        measure("clickhouse.insert_in_process", in_process["rows_per_second"], "rows/s"),
        measure("clickhouse.insert_cost", found["insert"]["cost"], "times the time in-process", "<= 1.25"),
        measure("clickhouse.insert_memory", stream["insert_growth_bytes"] / 1e6, "MB over a 2 GB insert", "<= 200"),
        measure("clickhouse.result_memory", stream["result_growth_bytes"] / 1e6, "MB over a 2 GB result", "<= 200"),
    ]


def _run_bench(settings: Settings) -> dict[str, Any]:
    folder = settings.root / "services" / "clickhouse"
    python = settings.envs / "clickhouse" / "bin" / "python"
    done = subprocess.run([str(python), "bench.py"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AspectsError(
            "The benchmark of the embedded ClickHouse failed.",
            why=done.stderr.strip()[-1000:],
            fix="./inv dev.up installs its environment.",
            code="bench.clickhouse",
        )
    return dict(orjson.loads(done.stdout))
