"""Superset over REST: what tests, `assets.perf` and `assets.sync` ask of it."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from aspects.errors import AspectsError

Row = dict[str, Any]
EVERYTHING = "(page:0,page_size:1000)"
"""A list in one page, in Superset's query notation (Rison)."""


class SupersetError(AspectsError):
    """Superset did not answer, or refused; `http_status` is what it answered with, 0 when it did not."""

    def __init__(self, message: str, why: str = "", fix: str = "", code: str = "", http_status: int = 0) -> None:
        super().__init__(message, why, fix, code or "superset.request")
        self.http_status = http_status


@dataclass(frozen=True)
class Dashboard:
    """A dashboard as the person who is signed in sees it."""

    id: int
    slug: str
    title: str


@dataclass(frozen=True)
class Chart:
    """A chart of a dashboard, and the request that its own page makes for data (`query_context`)."""

    id: int
    title: str
    viz_type: str
    dashboard: Dashboard
    query_context: dict[str, Any]


@dataclass(frozen=True)
class Filter:
    """A condition on a column, as a dashboard's filter bar adds it: `Filter("org", "IN", ["edX"])`."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True)
class QueryResult:
    """The answer to one query of a chart: rows by column label, and the SQL that ran."""

    rows: list[Row]
    columns: list[str]
    sql: str


@dataclass(frozen=True)
class ChartData:
    """A chart's data: one result for each of its queries (most charts have one), and the time it took."""

    queries: list[QueryResult]
    seconds: float

    @property
    def rows(self) -> list[Row]:
        """The rows of the first query."""
        return self.queries[0].rows


class SupersetClient:
    """One person's session. Signs in with the first request; a context manager that closes the connections.

    Every method raises SupersetError: `superset.unreachable`, `superset.login`, `superset.missing`,
    `superset.chart` or `superset.request`.
    """

    def __init__(self, url: str, user: str, password: str, timeout: float = 60) -> None:
        """`url` is the root, such as http://127.0.0.1:8088; `timeout` is in seconds a request."""
        self.url = url.rstrip("/")
        self.user = user
        self._password = password
        self._http = httpx.Client(
            base_url=self.url, timeout=timeout, trust_env=False, headers={"Accept": "application/json"}
        )
        self._token = ""
        self._form_token = ""

    def __enter__(self) -> SupersetClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the session cannot be used any more."""
        self._http.close()

    def login(self) -> None:
        """Sign in (again)."""
        answer = self._send(
            "POST",
            "/api/v1/security/login",
            json={"username": self.user, "password": self._password, "provider": "db", "refresh": False},
        )
        if answer.status_code != 200:
            raise SupersetError(
                f"Superset does not let {self.user} in.",
                why=_reason(answer),
                fix="Check the user and the password; ./inv dev.status shows those of the stack.",
                code="superset.login",
                http_status=answer.status_code,
            )
        self._token = answer.json()["access_token"]
        self._form_token = ""

    def get(self, path: str, **params: str) -> Any:
        """The JSON answer of a GET under /api/v1/."""
        return self._request("GET", path, params=params)

    def post(self, path: str, body: object) -> Any:
        """The JSON answer of a POST of a JSON body under /api/v1/."""
        return self._request("POST", path, json=body, headers=self._form_headers())

    def put(self, path: str, body: object) -> Any:
        """The JSON answer of a PUT of a JSON body under /api/v1/."""
        return self._request("PUT", path, json=body, headers=self._form_headers())

    def delete(self, path: str) -> Any:
        """The JSON answer of a DELETE under /api/v1/."""
        return self._request("DELETE", path, headers=self._form_headers())

    def _form_headers(self) -> dict[str, str]:
        """What Superset wants to see with a request that changes something."""
        if not self._form_token:
            self._form_token = str(self.get("security/csrf_token/")["result"])
        return {"X-CSRFToken": self._form_token}

    def dashboards(self) -> list[Dashboard]:
        """The dashboards that this person may see, by title."""
        found = self.get("dashboard/", q=EVERYTHING)["result"]
        each = (Dashboard(int(row["id"]), row["slug"] or str(row["id"]), row["dashboard_title"]) for row in found)
        return sorted(each, key=lambda dashboard: dashboard.title)

    def dashboard(self, slug: str) -> Dashboard:
        """A dashboard by its slug; `superset.missing` when it is not there or not for this person."""
        try:
            found = self.get(f"dashboard/{slug}")["result"]
        except SupersetError as error:
            if error.http_status not in (403, 404):
                raise
            names = ", ".join(dashboard.slug for dashboard in self.dashboards()) or "none"
            raise SupersetError(
                f"There is no dashboard {slug!r} for {self.user}.",
                why=f"The dashboards are: {names}.",
                fix="Use one of these, or import the assets with ./inv assets.sync.",
                code="superset.missing",
                http_status=error.http_status,
            ) from error
        return Dashboard(int(found["id"]), slug, found["dashboard_title"])

    def export(self, slug: str) -> tuple[bytes, list[str]]:
        """A dashboard with its charts, datasets and connections as a zip file, and the roles that may see it."""
        dashboard = self.dashboard(slug)
        roles = self.get(f"dashboard/{dashboard.id}")["result"].get("roles") or []
        answer = self._answer("GET", "dashboard/export/", params={"q": f"!({dashboard.id})"})
        return answer.content, [str(role["name"]) for role in roles]

    def charts(self, slug: str) -> list[Chart]:
        """The charts of a dashboard with the requests stored for them, by title.

        `superset.chart` for a chart without a stored request: nobody but a browser can build it then. Reading a
        chart takes access to its dataset; a person who has none gets data (`data`) with a Chart that somebody else
        read.
        """
        dashboard = self.dashboard(slug)
        listed = self.get(f"dashboard/{slug}/charts")["result"]
        charts = [self._chart(int(row["id"]), dashboard) for row in listed]
        return sorted(charts, key=lambda chart: chart.title)

    def _chart(self, number: int, dashboard: Dashboard) -> Chart:
        found = self.get(f"chart/{number}")["result"]
        if not found.get("query_context"):
            raise SupersetError(
                f"The chart {found['slice_name']!r} of {dashboard.title} cannot be asked for data.",
                why="No request (query_context) is stored with it.",
                fix="Import it again with ./inv assets.sync, which writes the request, or save it once in a browser.",
                code="superset.chart",
            )
        return Chart(
            number, found["slice_name"], found["viz_type"], dashboard, dict(json.loads(found["query_context"]))
        )

    def data(self, chart: Chart, filters: Sequence[Filter] = (), time_range: str = "") -> ChartData:
        """A chart's data, fresh from the warehouse, as its dashboard would ask for it.

        `filters` are added to each query. `time_range` (`2026-01-01 : 2026-02-01`, the end excluded; `Last week`)
        replaces the range of each query. `superset.chart` when the query fails; its `why` is the engine's message.
        """
        request = chart_request(chart, filters, time_range)
        start = time.perf_counter()
        try:
            answer = self._request("POST", "chart/data", json=request)
        except SupersetError as error:
            if not error.http_status:
                raise
            raise _chart_error(chart, error.why, error.http_status) from error
        seconds = time.perf_counter() - start
        for result in answer["result"]:
            if result.get("error"):
                raise _chart_error(chart, str(result["error"]), 200)
        return ChartData(
            [
                QueryResult(result["data"], result.get("colnames", []), result.get("query") or "")
                for result in answer["result"]
            ],
            seconds,
        )

    def _answer(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """A request as the person who signed in; signs in first, and once more when the session has run out."""
        for attempt in (1, 2):
            if not self._token:
                self.login()
            headers = {**arguments.get("headers", {}), "Authorization": f"Bearer {self._token}"}
            answer = self._send(method, f"/api/v1/{path}", **{**arguments, "headers": headers})
            if answer.status_code == 401 and attempt == 1:
                self._token = ""
                continue
            break
        if answer.is_error:
            raise SupersetError(
                f"Superset refused {method} {path}.", why=_reason(answer), http_status=answer.status_code
            )
        return answer

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON answer to a request."""
        answer = self._answer(method, path, **arguments)
        try:
            return answer.json()
        except ValueError as error:
            raise SupersetError(
                f"Superset's answer to {method} {path} is not JSON.", why=answer.text[:200], http_status=200
            ) from error

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise SupersetError(
                f"Superset does not answer at {self.url}.",
                why=f"{type(error).__name__}: {error}",
                fix="./inv dev.status shows what runs, ./inv dev.up starts it.",
                code="superset.unreachable",
            ) from error


def chart_request(chart: Chart, filters: Sequence[Filter] = (), time_range: str = "") -> dict[str, Any]:
    """The body of POST /api/v1/chart/data for a chart on its dashboard."""
    request = copy.deepcopy(chart.query_context)
    # What data a person may see follows from the dashboard that shows the chart, so the request names both.
    form_data = {**request.get("form_data", {}), "slice_id": chart.id, "dashboardId": chart.dashboard.id}
    extra = [{"col": each.column, "op": each.operator, "val": each.value} for each in filters]
    for query in request["queries"]:
        query["filters"] = [*(query.get("filters") or []), *extra]
        if time_range:
            query["time_range"] = time_range
            for clause in query["filters"]:
                if clause.get("op") == "TEMPORAL_RANGE":
                    clause["val"] = time_range
    return {**request, "form_data": form_data, "force": True, "result_format": "json", "result_type": "full"}


def _chart_error(chart: Chart, why: str, http_status: int) -> SupersetError:
    return SupersetError(
        f"The chart {chart.title!r} of {chart.dashboard.title} has no data.",
        why=why,
        fix="./inv assets.check finds a chart that does not fit its dataset; ./inv dev.logs superset has the query.",
        code="superset.chart",
        http_status=http_status,
    )


def _reason(answer: httpx.Response) -> str:
    """Superset words its errors in three shapes."""
    try:
        body = answer.json()
    except ValueError:
        return f"It answered {answer.status_code}: {answer.text[:200]}"
    if isinstance(body, dict):
        errors = body.get("errors")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            return f"It answered {answer.status_code}: " + "; ".join(str(each.get("message")) for each in errors)
        if "message" in body:
            return f"It answered {answer.status_code}: {body['message']}"
    return f"It answered {answer.status_code}: {str(body)[:200]}"
