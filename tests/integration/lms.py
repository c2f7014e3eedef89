"""An LMS for tests: a real OAuth 2 provider with signed tokens, and Open edX's list of the courses of staff."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "superset", "the client's secret"
KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}) for _ in range(2))


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib has no types
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Superset, as the LMS knows it."""

    callback: str

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.callback

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.callback

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Lms:
    """What the LMS does next: who is signed in to it, what its tokens say, how they are signed, and what it knows."""

    url: str
    callback: str
    user: str = "ada"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: KEY)
    staff: dict[str, list[str]] = field(default_factory=dict)
    """Courses by the name of a member of their staff."""
    api: str = "works"
    """`works`, `fails`, or `leads away`: its next page is at another place."""
    asked: list[str] = field(default_factory=list)
    """The paths of its API that were asked for."""

    def token(self) -> str:
        """A token of the person who is signed in."""
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/oauth2",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 3600,
            "preferred_username": self.user,
            "name": f"{self.user.title()} Test",
            "email": f"{self.user}@example.com",
            "administrator": False,
            "superuser": False,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one", **self.header}
        if header["alg"] != "RS256":  # no library makes these
            text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
            mac = hmac.new(KEY.as_pem(private=False), text.encode(), "sha256").digest()
            return f"{text}.{encoded(mac) if header['alg'] == 'HS256' else ''}"
        return str(jwt.encode(header, claims, self.key, algorithms=[header["alg"]]))

    def app(self) -> Flask:
        app = Flask(__name__)
        codes: dict[str, Code] = {}
        server = AuthorizationServer(app, query_client=self._client, save_token=lambda token, request: None)

        class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
            def save_authorization_code(self, code: str, request: Any) -> None:
                sent = request.payload.data
                codes[code] = Code(
                    sent["redirect_uri"], sent["scope"], sent["code_challenge"], sent["code_challenge_method"]
                )

            def query_authorization_code(self, code: str, client: Client) -> Code | None:
                return codes.get(code)

            def delete_authorization_code(self, authorization_code: Code) -> None:
                codes.clear()

            def authenticate_user(self, authorization_code: Code) -> str:
                return "the person who is signed in"

        server.register_grant(CodeGrant, [CodeChallenge(required=True)])
        server.register_token_generator("default", self._make_token)

        @app.get("/oauth2/authorize")
        def authorize() -> Response:
            grant = server.get_consent_grant(end_user=self.user)
            return server.create_authorization_response(grant_user=self.user, grant=grant)

        @app.post("/oauth2/access_token")
        def access_token() -> Response:
            assert request.form["token_type"] == "jwt", "the LMS would give a token that says nothing"
            return server.create_token_response()

        @app.get("/oauth2/jwks.json")
        def keys() -> Response:
            return jsonify(KeySet([KEY]).as_dict(private=False))

        @app.get("/api/courses/v1/course_ids/")
        def course_ids() -> tuple[Response, int] | Response:
            self.asked.append(request.full_path)
            if self.api == "fails":
                return jsonify(detail="out of order"), 500
            scheme, _, token = request.headers["Authorization"].partition(" ")
            name = jwt.decode(token, KEY).claims["preferred_username"]
            if scheme != "JWT" or request.args.get("username") != name or request.args.get("role") != "staff":
                return jsonify(detail="not yours"), 403
            courses, page = self.staff.get(name, []), int(request.args.get("page", 1))
            where = "http://elsewhere.example" if self.api == "leads away" else self.url
            more = f"{where}/api/courses/v1/course_ids/?username={name}&role=staff&page={page + 1}"
            return jsonify(results=courses[page - 1 : page], pagination={"next": more if page < len(courses) else None})

        return app

    def _client(self, client_id: str) -> Client | None:
        return Client(self.callback) if client_id == CLIENT else None

    def _make_token(self, **_: Any) -> dict[str, Any]:
        return {"access_token": self.token(), "token_type": "JWT", "expires_in": 3600}


@contextmanager
def serving(callback: str, port: int) -> Iterator[Lms]:
    """An LMS on this machine whose client Superset has this address to come back to."""
    lms = Lms(f"http://127.0.0.1:{port}", callback)
    server = make_server("127.0.0.1", port, lms.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield lms
    finally:
        server.shutdown()
        thread.join()
