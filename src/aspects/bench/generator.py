"""How fast statements are generated: by one worker, and into a file by as many as there are cores."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import date
from pathlib import Path

from aspects.bench.measures import Measure, measure
from aspects.fake.course import Scenario
from aspects.fake.generate import chunks
from aspects.fake.produce import produce
from aspects.fake.sinks import FileSink
from aspects.settings import Settings

_SCENARIO = Scenario(seed=1, end=date(2026, 6, 1), lms_url="http://localhost:18000")
_ALONE = 100_000
_TOGETHER = 500_000


def measure_generator(settings: Settings) -> list[Measure]:
    """Generate with one worker, by its own processor time, then into JSON lines with all cores, by the clock."""
    for _ in chunks(_SCENARIO, 10_000):
        pass
    started = time.process_time()
    for _ in chunks(_SCENARIO, _ALONE):
        pass
    alone = _ALONE / (time.process_time() - started)
    with tempfile.TemporaryDirectory(prefix="aspects-bench-") as folder:
        sink = FileSink(Path(folder) / "statements.jsonl")
        workers = os.cpu_count() or 1
        produced = produce(_SCENARIO, _TOGETHER, workers, sink, Path(folder) / "truth.json")
    return [
        measure("generator.worker", alone, "statements/s of processor time", ">= 200000"),
        measure("generator.json_lines", produced.rate, "statements/s", ">= 400000"),
    ]
