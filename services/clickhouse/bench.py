"""Measure the server against the engine in-process. Prints one JSON object; run with the service's own Python.

python bench.py [--rows N] [--gigabytes N]

round_trip_ms            median of a `select 1` over HTTP on one kept connection
insert.http, .in_process rows and bytes (of the Native format) a second, medians of alternating runs
insert.cost              time over HTTP / time in-process: 1.25 means a quarter more
stream.*_growth_bytes    largest resident memory during one insert and one result of that many gigabytes, above what
                         it was before
"""

import argparse
import http.client
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
TABLE = (
    "(event_id UUID, emission_time DateTime64(6), event String) engine = MergeTree order by (emission_time, event_id)"
)
# About 1.1 kB a row, as statements are, that compress about as well.
ROWS = (
    'select generateUUIDv4() as event_id, now64(6) as emission_time, concat(\'{{"id":"\', toString(event_id), '
    '\'","actor":"\', hex(sipHash128(number)), \'",\', repeat(\'"key":"the same for all",\', 40), \'}}\') as event '
    "from numbers({rows}) settings max_block_size = 65536"
)
RUNS = 5


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rows", type=int, default=200_000, help="rows of one insert (default: %(default)s)")
    options.add_argument("--gigabytes", type=float, default=2.0, help="size of the streams (default: %(default)s)")
    options.add_argument("--in-process", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.in_process:
        _in_process(given.in_process)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(_measure(Path(folder), given.rows, given.gigabytes)))


def _measure(folder: Path, rows: int, gigabytes: float) -> dict[str, Any]:
    server = _Server(folder / "server")
    try:
        round_trip = _round_trip(server)
        server.post(f"create table bench {TABLE}".encode())
        data = server.post(f"{ROWS.format(rows=rows)} format Native".encode())
        (folder / "rows.native").write_bytes(data)
        over_http, in_process = [], []
        with subprocess.Popen(
            [sys.executable, __file__, "--in-process", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdin
            assert other.stdout
            for _ in range(RUNS):
                server.post(b"truncate table bench sync")
                started = time.perf_counter()
                server.post(data, query="insert into bench format Native")
                over_http.append(time.perf_counter() - started)
                other.stdin.write("go\n")
                other.stdin.flush()
                in_process.append(float(other.stdout.readline()))
            other.stdin.close()
        http_seconds, own_seconds = statistics.median(over_http), statistics.median(in_process)
        return {
            "round_trip_ms": round(round_trip * 1000, 2),
            "insert": {
                "rows": rows,
                "bytes": len(data),
                "http": {
                    "rows_per_second": round(rows / http_seconds),
                    "bytes_per_second": round(len(data) / http_seconds),
                },
                "in_process": {
                    "rows_per_second": round(rows / own_seconds),
                    "bytes_per_second": round(len(data) / own_seconds),
                },
                "cost": round(http_seconds / own_seconds, 3),
            },
            "stream": _streams(server, gigabytes),
        }
    finally:
        server.stop()


class _Server:
    """The server under measurement, and a client that adds little of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        password = secrets.token_hex(8)
        users = yaml.safe_load((FOLDER / "users.yaml").read_text())["users"].values()
        environment = {**os.environ, **{user["password"]: password for user in users}}
        command = [sys.executable, "-m", "embedded_clickhouse", "--path", str(folder), "--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--users", "users.yaml"], cwd=FOLDER, env=environment)
        self.login = {"Authorization": "Basic " + b64encode(f"admin:{password}".encode()).decode()}
        for _ in range(300):
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
                self.connection.request("GET", "/ping")
                self.connection.getresponse().read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("The server did not start; its messages are above.")

    def post(self, body: bytes | Iterator[bytes], query: str = "") -> bytes:
        answer = self._send(body, query)
        data = answer.read()
        if answer.status != 200:
            raise SystemExit(data.decode())
        return data

    def drain(self, query: str) -> int:
        """Read a result without keeping it; returns its bytes."""
        answer, length = self._send(query.encode(), ""), 0
        while piece := answer.read(1 << 20):
            length += len(piece)
        return length

    def _send(self, body: bytes | Iterator[bytes], query: str) -> http.client.HTTPResponse:
        path = "/?query=" + query.replace(" ", "+") if query else "/"
        self.connection.request("POST", path, body, self.login, encode_chunked=not isinstance(body, bytes))
        return self.connection.getresponse()

    def memory(self) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmRSS"))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def _round_trip(server: _Server) -> float:
    times = []
    for _ in range(300):
        started = time.perf_counter()
        server.post(b"select 1")
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _streams(server: _Server, gigabytes: float) -> dict[str, Any]:
    server.post(f"create table streamed {TABLE}".encode())
    data = server.post(f"{ROWS.format(rows=4000)} format Native".encode())
    server.post(data, query="insert into streamed format Native")
    server.drain("select * from streamed format Native")
    times = max(1, int(gigabytes * 1e9 / len(data)))
    time.sleep(1)
    base, started = server.memory(), time.perf_counter()
    with _Peak(server) as peak:
        server.post((data for _ in range(times)), query="insert into streamed format Native")
    insert_seconds, insert_growth = time.perf_counter() - started, peak.value - base
    started = time.perf_counter()
    with _Peak(server) as peak:
        length = server.drain("select * from streamed format Native")
    return {
        "bytes": times * len(data),
        "insert_bytes_per_second": round(times * len(data) / insert_seconds),
        "insert_growth_bytes": insert_growth,
        "result_bytes_per_second": round(length / (time.perf_counter() - started)),
        "result_growth_bytes": peak.value - base,
        "resident_bytes_before": base,
    }


class _Peak:
    """The largest resident memory while something runs, looked at fifty times a second."""

    def __init__(self, server: _Server) -> None:
        self.value = 0
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self.value = max(self.value, self._server.memory())

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def _in_process(folder: Path) -> None:
    """The same insert through chDB itself: one run for each line on stdin, its seconds on stdout."""
    sys.modules["pyarrow"] = None  # type: ignore[assignment]  # says that there is none
    import chdb

    data = (folder / "rows.native").read_bytes()
    pieces = [data[start : start + (1 << 20)] for start in range(0, len(data), 1 << 20)]
    connection = chdb.connect(str(folder / "in_process"))
    connection.query(f"create table bench {TABLE}")
    for _ in sys.stdin:
        connection.query("truncate table bench sync")
        started = time.perf_counter()
        with connection.send_insert("insert into bench", "Native") as insert:
            for piece in pieces:
                insert.append(piece)
            insert.finish()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
