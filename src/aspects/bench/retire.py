"""How long it takes to retire a learner, and to look at every column of every table for traces."""

from __future__ import annotations

from contextlib import closing

from aspects.bench.measures import Measure, measure
from aspects.bench.queries import fill
from aspects.bench.warehouse import own_warehouse
from aspects.lms.retire import retire
from aspects.settings import Settings
from aspects.warehouse.client import connect

BUSIEST = "select actor_id, count() from reporting.statements group by actor_id order by count() desc, actor_id limit 1"


def measure_retire(settings: Settings) -> list[Measure]:
    """Retire the learner with the most statements, in the warehouse that the queries are measured in.

    The learner stays in it without a name, so the next measurement finds as many statements.
    """
    folder = settings.bench_folder or settings.state / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with own_warehouse(settings, kept=folder) as (own, _), closing(connect(own)) as admin:
        fill(own, admin, settings.bench_events)
        actor, statements = admin.query(BUSIEST).result_rows[0]
        done = retire(own, [actor])
    return [
        measure("retire.whole", done.seconds, f"s, {statements:,} statements of {settings.bench_events:,}"),
        measure("retire.scan", done.scan_seconds, f"s, {done.scanned_columns} columns", "<= 10"),
        measure("retire.left", len(done.left), "places with a trace", "<= 0"),
    ]
