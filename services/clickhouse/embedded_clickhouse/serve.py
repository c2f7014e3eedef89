"""Starting and stopping the server."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import uvicorn
from uvicorn.protocols.http import httptools_impl

from embedded_clickhouse.app import Server
from embedded_clickhouse.background import Background
from embedded_clickhouse.configuration import write_configuration
from embedded_clickhouse.engine import Engine, is_locked, raise_file_limit
from embedded_clickhouse.users import User, UsersError, load_users

_SECONDS_TO_FINISH = 5


class StartError(Exception):
    """The server cannot start. The text says why and what to do."""


def serve(path: Path, host: str, port: int, users_file: Path, most_queries: int) -> None:
    """Open the database in `path` and serve it until SIGTERM or SIGINT. Raises StartError."""
    raise_file_limit()
    try:
        users = load_users(users_file, os.environ)
    except UsersError as error:
        raise StartError(str(error)) from error
    listener = _listen(host, port)
    engine = _open(path.resolve(), users)
    server = Server(engine, users, most_queries)
    background = Background(engine, server.sessions)
    background.start()
    try:
        asyncio.run(_serve(server, listener))
    finally:
        listener.close()
        background.stop()
        server.stop()
        engine.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StartError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Another program may use this port."
        ) from error
    return listener


def _open(path: Path, users: dict[str, User]) -> Engine:
    try:
        path.mkdir(parents=True, exist_ok=True)
        if is_locked(path):
            raise StartError(
                f"The database in {path} is open in another process. Stop that one, or choose another --path."
            )
        configuration = write_configuration(path.parent / f"{path.name}.configuration", users.values())
        return Engine(path, configuration, users)
    except OSError as error:
        raise StartError(f"Cannot use the folder {path}: {error.strerror}.") from error
    except RuntimeError as error:
        raise StartError(f"Cannot open the database in {path}: {error}") from error


# uvicorn stops reading from a socket at 64 kB that the application has not taken; at a megabyte, a large insert
# takes a third less of its time.
httptools_impl.HIGH_WATER_LIMIT = 1 << 20  # type: ignore[attr-defined]  # a constant that the module imports


async def _serve(server: Server, listener: socket.socket) -> None:
    config = uvicorn.Config(
        server,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    # uvicorn raises the signals it got again when it is done; there is still a database to close then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    await uvicorn.Server(config).serve(sockets=[listener])
