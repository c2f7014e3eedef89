"""A site that shows one course's dashboard to the staff of that course: an example to read, and to try.

    SUPERSET_URL=http://127.0.0.1:8088 EMBEDDER_USER=lms EMBEDDER_PASSWORD=… \
    COURSE_ACCESS_FILE=.aspects/superset/course_access.yaml DASHBOARD=<id, `_embedded` in the dashboard's file> \
    .aspects/envs/superset/bin/python services/superset/example_embedding/server.py 8099

Then open http://127.0.0.1:8099/?course=course-v1:MyOrg+Hello101+2026 as a user of Superset. An LMS knows its people and
their courses itself; here Superset checks the password, and the file of course access says who is staff.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import requests
from flask import Flask, Response, jsonify, render_template, request

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from superset_boot.course_access import FileSource, access_of

SUPERSET = os.environ["SUPERSET_URL"]
DASHBOARD = os.environ["DASHBOARD"]
STAFF = FileSource(Path(os.environ["COURSE_ACCESS_FILE"]))
SECONDS = 10

app = Flask(__name__, template_folder=str(Path(__file__).parent))


@app.get("/")
def page() -> Response | str:
    """The page with the dashboard in it."""
    return render_template("page.html", superset=SUPERSET, dashboard=DASHBOARD) if person() else asked_to_sign_in()


@app.get("/guest-token")
def guest_token() -> Response | tuple[Response, int]:
    """A token for one course, for the staff of it. Superset lets the browser in with it for five minutes."""
    course, user = request.args.get("course", ""), person()
    if not user:
        return asked_to_sign_in()
    if not access_of(STAFF, user).includes(course):
        return jsonify(error="You are not of the staff of this course."), 403
    return jsonify(token=ask_superset(course))


def person() -> str:
    """The user of Superset whose name and password come with the request; empty when they are wrong."""
    given = request.authorization
    if not given or given.type != "basic":
        return ""
    user = str(given.username)
    return user if sign_in(requests.Session(), user, str(given.password)) else ""


def asked_to_sign_in() -> Response:
    return Response("Sign in.", 401, {"WWW-Authenticate": 'Basic realm="courses"'})


def sign_in(session: requests.Session, user: str, password: str) -> bool:
    account = {"username": user, "password": password, "provider": "db"}
    answer = session.post(f"{SUPERSET}/api/v1/security/login", json=account, timeout=SECONDS)
    if answer.ok:
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return answer.ok


def ask_superset(course: str) -> str:
    """What an LMS does: as the user with the role Embedder, ask for a token that names the course.

    `course` is the key of a course that exists: it gets into SQL. Superset refuses what cannot be a key.
    """
    session = requests.Session()
    if not sign_in(session, os.environ["EMBEDDER_USER"], os.environ["EMBEDDER_PASSWORD"]):
        raise PermissionError("Superset does not let EMBEDDER_USER in.")
    form = session.get(f"{SUPERSET}/api/v1/security/csrf_token/", timeout=SECONDS).json()["result"]
    wanted = {
        "user": {"username": "course-staff"},
        "resources": [{"type": "dashboard", "id": DASHBOARD}],
        "rls": [{"clause": f"course_key = '{course}'"}],
    }
    headers = {"X-CSRFToken": form}
    answer = session.post(f"{SUPERSET}/api/v1/security/guest_token/", json=wanted, headers=headers, timeout=SECONDS)
    answer.raise_for_status()
    return str(answer.json()["token"])


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
