"""The LMS: whom its signed tokens are about, and which courses it says that a person is staff of. No Superset here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from cachetools import TLRUCache

from superset_boot.course_access import Access, named

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a public key. With a shared secret, whoever can check a token could make one."""
SECONDS = 5
"""How long the LMS may take to answer."""
REMEMBERED, FAILURE_REMEMBERED = 60, 5
"""Seconds for which an answer about a person is kept; a failure is kept too, so that a dashboard waits for it once."""
MOST_PAGES, MOST_PEOPLE = 100, 10_000


class Tokens:
    """Checks the LMS's tokens (JWT): signature, issuer, audience, and that they are in force.

    `keys` are the public keys as a JSON Web Key Set: an address, or a file.
    """

    def __init__(self, keys: str, issuer: str, audience: str) -> None:
        self._issuer, self._audience = issuer, audience
        fetched = urlsplit(keys).scheme in ("http", "https")
        self._key = jwt.PyJWKClient(keys, timeout=SECONDS).get_signing_key_from_jwt if fetched else KeyFile(keys).key

    def claims(self, token: str) -> dict[str, Any]:
        """What a token says. Raises jwt.PyJWTError unless it is one of the LMS's, for us, and now."""
        return dict(
            jwt.decode(
                token,
                self._key(token),
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                audience=self._audience,
                leeway=10,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        )


class KeyFile:
    """Public keys in a file; it is read for each sign-in, so that a new key is known at once."""

    def __init__(self, name: str) -> None:
        self._file = Path(name)

    def key(self, token: str) -> jwt.PyJWK:
        """The key that the token names."""
        keys = jwt.PyJWKSet.from_dict(json.loads(self._file.read_text(encoding="utf-8"))).keys
        wanted = jwt.get_unverified_header(token).get("kid")
        found = [key for key in keys if key.key_id == wanted]
        if len(found) != 1:
            raise jwt.InvalidTokenError(f"No key of the LMS is called {wanted!r}.")
        return found[0]


class LmsSource:
    """Asks the LMS, with the token that the person signed in with, which courses they are staff of.

    The API is `GET /api/courses/v1/course_ids/?username=…&role=staff`, in pages. `token` gives the token of the person
    whose request is being answered, empty when there is none.
    """

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url, self._token = url.rstrip("/"), token
        self._lock = threading.Lock()
        self._known: TLRUCache[str, Access | Exception] = TLRUCache(
            MOST_PEOPLE, lambda _, value, now: now + (REMEMBERED if isinstance(value, Access) else FAILURE_REMEMBERED)
        )

    def of(self, username: str) -> Access:
        """Raises what went wrong: `requests.RequestException`, or ValueError for an answer that makes no sense."""
        with self._lock:
            found = self._known.get(username)
        if found is None:
            try:
                found = self.ask(username)
            except (requests.RequestException, ValueError) as error:
                found = error
            with self._lock:
                self._known[username] = found
        if isinstance(found, Exception):
            raise found
        return found

    def ask(self, username: str) -> Access:
        """The LMS's answer of now."""
        token = self._token()
        if not token:
            raise ValueError("There is no token of the LMS in this session.")
        courses: list[str] = []
        page: str | None = f"{self._url}/api/courses/v1/course_ids/"
        query: dict[str, str] | None = {"username": username, "role": "staff", "page_size": "1000"}
        for _ in range(MOST_PAGES):
            if page is None:
                return Access(courses=named(courses).courses)
            if not page.startswith(f"{self._url}/"):
                raise ValueError(f"The LMS sends us on to another place: {page}")
            answer = requests.get(
                page, query, headers={"Authorization": f"JWT {token}"}, timeout=SECONDS, allow_redirects=False
            )
            answer.raise_for_status()
            if answer.status_code != requests.codes.ok:
                raise ValueError(f"The LMS answered {answer.status_code}.")
            body = answer.json()
            courses += [str(course) for course in body["results"]]
            page, query = (body.get("pagination") or {}).get("next"), None
        raise ValueError(f"The LMS has more than {MOST_PAGES} pages of courses.")
