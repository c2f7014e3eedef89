"""Sign-in through an LMS (OAuth 2): what of Superset's settings and behaviour is different with it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import redirect, request, session

from superset_boot.course_access import FileSource
from superset_boot.lms import LmsSource, Tokens

PROVIDER = "lms"
UNTIL = "oauth_until"
"""In the session: the time at which the LMS's token ends."""
OPERATOR, INSTRUCTOR, STUDENT = "operator", "instructor", "student"


def settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Superset's settings for sign-in and for who sees which course, from the environment of service.yaml."""
    address = environment.get("PUBLIC_URL", "")
    found: dict[str, Any] = {"COURSE_ACCESS": FileSource(Path(environment["COURSE_ACCESS_FILE"]))}
    if address:
        found |= {
            "ADDITIONAL_MIDDLEWARE": [lambda app: AsSeenFromOutside(app, address)],
            "SESSION_COOKIE_SECURE": address.startswith("https:"),
        }
    client = environment.get("LMS_CLIENT_ID", "")
    if not client:
        return found
    lms, api = (
        environment["LMS_URL"].rstrip("/"),
        (environment.get("LMS_API_URL") or environment["LMS_URL"]).rstrip("/"),
    )
    return found | {
        "AUTH_TYPE": 4,  # OAuth; importing the name would load Flask-AppBuilder before Superset is ready for it
        "OAUTH_PROVIDERS": [
            {
                "name": PROVIDER,
                "icon": "fa-graduation-cap",
                "token_key": "access_token",
                "remote_app": {
                    "client_id": client,
                    "client_secret": environment["LMS_CLIENT_SECRET"],
                    "authorize_url": f"{lms}/oauth2/authorize",
                    "access_token_url": f"{api}/oauth2/access_token",
                    "access_token_params": {"token_type": "jwt"},
                    "client_kwargs": {
                        "scope": environment.get("LMS_SCOPE") or "user_id profile email",
                        "code_challenge_method": "S256",
                    },
                },
            }
        ],
        "AUTH_USER_REGISTRATION": True,
        "AUTH_USER_REGISTRATION_ROLE": "Student",  # which may do nothing
        "AUTH_ROLES_MAPPING": {OPERATOR: ["Operator"], INSTRUCTOR: ["Instructor"], STUDENT: ["Student"]},
        "AUTH_ROLES_SYNC_AT_LOGIN": True,
        "LMS_TOKENS": Tokens(
            environment.get("LMS_KEYS") or f"{api}/oauth2/jwks.json",
            environment.get("LMS_ISSUER") or f"{lms}/oauth2",
            environment.get("LMS_AUDIENCE") or client,
        ),
        "COURSE_ACCESS": LmsSource(api, token_of_session),
        "FLASK_APP_MUTATOR": lambda app: app.before_request(sign_out_with_the_token),
    }


def token_of_session() -> str:
    """The LMS's token of the person whose request is being answered."""
    return str((session.get("oauth") or ("",))[0])


def sign_out_with_the_token() -> Any:
    """Once the LMS's token has ended nobody can tell any more what its owner may see: they sign in again."""
    if session.get(UNTIL, math.inf) < time.time():
        session.clear()
        return redirect(request.full_path if request.method == "GET" else "/login/")
    return None


class AsSeenFromOutside:
    """WSGI middleware: Superset makes addresses, such as the one to come back to from sign-in, of the public address,
    whatever a proxy or a client says."""

    def __init__(self, app: Any, address: str) -> None:
        parts = urlsplit(address)
        self._app, self._scheme, self._host = app, parts.scheme, parts.netloc

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self._app({**environ, "wsgi.url_scheme": self._scheme, "HTTP_HOST": self._host}, start_response)
