"""The embedded ClickHouse against the same engine without a server in front of it."""

from __future__ import annotations

import subprocess

import orjson

from aspects.bench.measures import Measure, measure
from aspects.errors import AspectsError
from aspects.settings import Settings


def measure_clickhouse(settings: Settings) -> list[Measure]:
    """Run the service's own `bench.py` in its own environment and hold its figures against the targets."""
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
    return [
        measure(f"clickhouse.{figure['name']}", figure["value"], figure["unit"], figure.get("target", ""))
        for figure in orjson.loads(done.stdout)
    ]
