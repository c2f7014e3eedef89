"""What the LRS answers (xAPI 1.0.3, part three, 1.3 and 3.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

VERSION = "1.0.3"
VERSION_HEADER = "X-Experience-API-Version"


class RefusedError(Exception):
    """The request is answered with this status and the reason."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers or {}


def answer(status: int, content: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer, or one without content; each names the version of the LRS."""
    body = b"" if content is None else json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    kind = None if content is None else "application/json"
    return Response(body, status, {VERSION_HEADER: VERSION, **(headers or {})}, media_type=kind)
