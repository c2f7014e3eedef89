"""How many statements a second the LRS takes, beside Ralph as it is published, over the same ClickHouse."""

from __future__ import annotations

import json
import os
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import islice
from operator import attrgetter
from queue import Empty, SimpleQueue

from aspects.bench.measures import Measure, measure
from aspects.bench.start import free_ports
from aspects.bench.warehouse import blocks_of, generated, own_warehouse
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack import environments
from aspects.stack.secrets import load_secrets
from aspects.stack.services import read_services
from aspects.warehouse.client import connect
from aspects.xapi.statement import Statement
from aspects.xapi.store import RAW_TABLE

STORED = 3_000_000
"""Statements that are stored before the clock runs."""
BLOCK = 50_000
CLIENTS = {1: 16, 5: 256, 100: 16}
"""Statements a POST, and the clients that send at the same time. Small batches come from many at once."""
SECONDS = 10.0
MOST = {1: 10_000, 5: 50_000, 100: 100_000}
"""Statements a POST, and how many there are at most for each LRS."""
FASTER = {1: ">= 10", 100: ">= 3"}
"""How many times as fast as published Ralph ours must be."""
STOCK = {
    "RALPH_RUNSERVER_BACKEND": "clickhouse",
    "RALPH_BACKENDS__LRS__CLICKHOUSE__DATABASE": "xapi",
    "RALPH_BACKENDS__LRS__CLICKHOUSE__EVENT_TABLE_NAME": "xapi_events_all",
    "RALPH_BACKENDS__LRS__CLICKHOUSE__USERNAME": "lrs",
}


def measure_lrs(settings: Settings) -> list[Measure]:
    """POST statements for ten seconds a size, first to published Ralph and then to ours.

    Both write to one warehouse with every rollup and three million statements; server, LRS and clients share the
    cores of this machine. Statements are sent in the order of their times, as learners make them.
    """
    statements = generated(STORED + 2 * sum(MOST.values()))
    measures = []
    with own_warehouse(settings) as (own, _):
        with closing(connect(own, user="lrs")) as client:
            for _ in range(STORED // BLOCK):
                (block,) = blocks_of(statements, BLOCK, BLOCK)
                client.raw_insert(RAW_TABLE, insert_block=block, fmt="Native", compression=None)
        in_time = iter(sorted(statements, key=attrgetter("emission_time")))
        rates: dict[str, dict[int, float]] = {"published": {}, "ours": {}}
        for name, found in rates.items():
            with running(own, published=name == "published") as port:
                for size, most in MOST.items():
                    found[size] = _rate(own, port, _bodies(in_time, size, most), size)
    for size, clients in CLIENTS.items():
        ours, published = rates["ours"][size], rates["published"][size]
        target = ">= 3000" if size == 5 else ""
        unit = f"statements/s, {size} a POST, clients: {clients}"
        measures += [
            measure(f"lrs.published_{size}", published, unit),
            measure(f"lrs.ours_{size}", ours, unit, target),
            measure(f"lrs.ratio_{size}", ours / published, "times published Ralph", FASTER.get(size, "")),
        ]
    return measures


@contextmanager
def running(settings: Settings, published: bool) -> Iterator[int]:
    """The LRS as a process of its own; its port."""
    (service,) = [one for one in read_services(settings.root) if one.name == "ralph"]
    if not environments.is_installed(service, settings):
        environments.install(service, settings)
    own = settings.model_copy(update={"ralph_port": free_ports()["ralph_port"]})
    secrets = load_secrets(own)
    launch = service.launch(own, secrets, os.environ)
    for path, text in launch.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command, environment = list(launch.command), dict(launch.environment)
    if published:
        command = ["ralph.api:app" if word == "aspects_lrs.app:app" else word for word in command]
        place = {"HOST": own.host, "PORT": str(own.clickhouse_port), "PASSWORD": secrets["CLICKHOUSE_LRS_PASSWORD"]}
        environment |= STOCK | {f"RALPH_BACKENDS__LRS__CLICKHOUSE__{name}": value for name, value in place.items()}
    log = own.service_state("ralph") / "bench.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=launch.folder, env=environment, stdout=output, stderr=output)
    try:
        _wait(own.ralph_port, process)
        yield own.ralph_port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            try:
                connection.request("GET", "/__heartbeat__")
                if connection.getresponse().status == 200:
                    return
            except (OSError, HTTPException):
                if process.poll() is not None:
                    break
        time.sleep(0.1)
    raise AspectsError("The LRS did not start.", fix="./inv dev.logs ralph shows why.", code="bench.lrs")


def _bodies(statements: Iterator[Statement], size: int, most: int) -> list[bytes]:
    def body(batch: Sequence[Statement]) -> bytes:
        texts = [text.encode() if isinstance(text, str) else text for text in (each.text for each in batch)]
        return texts[0] if size == 1 else b"[" + b",".join(texts) + b"]"

    return [body(list(islice(statements, size))) for _ in range(most // size)]


def _rate(settings: Settings, port: int, bodies: Sequence[bytes], size: int) -> float:
    """Statements a second that were acknowledged."""
    secrets = load_secrets(settings)
    credentials = b64encode(f"{secrets['RALPH_USER']}:{secrets['RALPH_PASSWORD']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {credentials}",
        "Content-Type": "application/json",
        "X-Experience-API-Version": "1.0.3",
    }
    waiting: SimpleQueue[bytes] = SimpleQueue()
    for body in bodies:
        waiting.put(body)
    started = time.monotonic()

    def work(_: int) -> int:
        done = 0
        with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
            while time.monotonic() - started < SECONDS:
                try:
                    body = waiting.get_nowait()
                except Empty:
                    break
                connection.request("POST", "/xAPI/statements", body, headers)
                answer = connection.getresponse()
                said = answer.read()
                if answer.status != 200:
                    raise AspectsError(
                        "The LRS refused a generated statement.",
                        why=f"{answer.status}: {json.loads(said or b'null')}",
                        fix="Run ./inv test tests/integration/test_lrs.py.",
                        code="bench.lrs",
                    )
                done += size
        return done

    with ThreadPoolExecutor(CLIENTS[size]) as pool:
        done = sum(pool.map(work, range(CLIENTS[size])))
    return done / (time.monotonic() - started)
