"""Sources in an object store: read like files, through the protocol of S3, from a server of the tests' own."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest
import zstandard
from moto.server import ThreadedMotoServer
from obstore import put
from obstore.store import S3Store

from aspects.errors import AspectsError
from aspects.logs.transform import find_logs
from aspects.xapi.sources import find, read_lines, size_of
from tests.conftest import free_port

BUCKET = "logs"
NUMBERS = range(500_000)
LARGE = b"".join(b'{"number": %d}\n' % number for number in NUMBERS)
"""More than one request asks for."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a store with an empty bucket."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    httpx.put(f"http://{host}:{port}/{BUCKET}", timeout=60.0).raise_for_status()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """The bucket, and the variables that lead to it."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return S3Store(BUCKET, client_options={"allow_http": True})


def contents(name: str) -> list[bytes]:
    return [line.content for line in read_lines(name)]


def test_objects_are_read_like_files(store: S3Store) -> None:
    put(store, "2026/01/tracking.log", LARGE)
    put(store, "2026/01/tracking.log-1.gz", gzip.compress(b"one\ntwo\n"))
    put(store, "2026/02/tracking.log", zstandard.compress(b"three"))
    put(store, "other.txt", b"four")
    taken: list[int] = []
    lines = list(read_lines(f"s3://{BUCKET}/2026/01/tracking.log", watch=taken.append))
    assert [lines[0].content, lines[-1].content, len(lines)] == [b'{"number": 0}', b'{"number": 499999}', len(NUMBERS)]
    assert sum(taken) == len(LARGE) == size_of(f"s3://{BUCKET}/2026/01/tracking.log")
    assert contents(f"s3://{BUCKET}/2026/01/tracking.log-1.gz") == [b"one", b"two"]
    assert contents(f"s3://{BUCKET}/2026/02/tracking.log") == [b"three"]
    both = [f"s3://{BUCKET}/2026/01/tracking.log", f"s3://{BUCKET}/2026/02/tracking.log"]
    assert find([f"s3://{BUCKET}/2026/02/", f"s3://{BUCKET}/other.txt"]) == [both[1], f"s3://{BUCKET}/other.txt"]
    assert find_logs([f"s3://{BUCKET}/2026/*/*.log", both[0]]) == both
    assert len(find([f"s3://{BUCKET}"])) == 4


@pytest.mark.parametrize(
    ("name", "code"),
    [(f"s3://{BUCKET}/absent.log", "data.no_file"), ("s3://absent/tracking.log", "data.object_store")],
)
def test_an_object_that_is_not_there_is_an_error_that_says_so(store: S3Store, name: str, code: str) -> None:
    with pytest.raises(AspectsError) as error:
        find([name])
    assert error.value.code == code


def test_a_store_that_does_not_answer_is_an_error(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(AspectsError) as error:
        size_of(f"s3://{BUCKET}/other.txt")
    assert error.value.code == "data.object_store"
