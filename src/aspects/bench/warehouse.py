"""A warehouse of its own for a measurement, and statements that are ready to be inserted."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import chain, islice
from pathlib import Path

from aspects.bench.start import free_ports
from aspects.fake.course import Scenario
from aspects.fake.generate import chunks
from aspects.settings import Settings, forget, record
from aspects.stack.environments import install, is_installed
from aspects.stack.health import wait_until_healthy
from aspects.stack.secrets import load_secrets
from aspects.stack.services import read_services, select
from aspects.stack.supervisor import Supervisor
from aspects.warehouse import dbt
from aspects.warehouse.migrate import migrate
from aspects.xapi.statement import Statement
from aspects.xapi.store import native_block

SCENARIO = Scenario(seed=1, end=date(2026, 6, 1), lms_url="http://localhost:18000")


@contextmanager
def own_warehouse(settings: Settings, kept: Path | None = None) -> Iterator[tuple[Settings, Supervisor]]:
    """ClickHouse in a folder of its own, with every table; other services can be started beside it. What it needs is
    installed where it is not.

    The folder is a temporary one, without a statement, or `kept`, which stays as it is for the next time.
    """
    folder = kept or Path(tempfile.mkdtemp(prefix="aspects-bench-"))
    own = settings.model_copy(update={"state": folder, "environments": settings.envs, **free_ports()})
    supervisor = Supervisor(own)
    try:
        services = read_services(own.root)
        load_secrets(own)
        record(own)
        for service in (select(services, "clickhouse"), select(services, "dbt")):
            if not is_installed(service, own):
                install(service, own)
        supervisor.start(services)
        supervisor.start_service("clickhouse")
        wait_until_healthy(select(services, "clickhouse"), own, supervisor)
        migrate(own)
        dbt.run(own)
        yield own, supervisor
    finally:
        supervisor.stop()
        forget(folder)
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def generated(count: int) -> Iterator[Statement]:
    """Generated statements, made by as many processes as there are cores."""
    made = chunks(SCENARIO, count, os.cpu_count() or 1)
    return chain.from_iterable(map(Statement, chunk.ids, chunk.times, chunk.texts) for chunk in made)


def blocks_of(statements: Iterator[Statement], count: int, batch: int) -> list[bytes]:
    """The next `count` statements as the raw table takes them, a batch each."""
    return [native_block(list(islice(statements, min(batch, count - start)))) for start in range(0, count, batch)]
