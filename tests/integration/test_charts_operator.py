"""The Operator Dashboard's numbers: equal to the ground truth, or to what ClickHouse and Superset say themselves."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aspects.assets.superset_client import Filter
from aspects.warehouse.client import connect
from tests.conftest import Stack
from tests.integration.chart_data import (
    LONGEST_COPY,
    DashboardCharts,
    Row,
    day,
    in_courses,
    moment,
    signed_in,
    use_as_a_page,
    whole_file_passed,
)

SLUG = "operator-dashboard"


@pytest.fixture(scope="module")
def charts(stack: Stack, request: pytest.FixtureRequest) -> Iterator[DashboardCharts]:
    with signed_in(stack) as client:
        found = DashboardCharts.of(client, SLUG)
        yield found
        if whole_file_passed(request):
            assert set(found.charts) == found.asked, "every chart is compared with something"


@pytest.fixture(scope="module")
def truth(stack: Stack) -> dict[str, list[Row]]:
    measures: dict[str, list[Row]] = json.loads(stack.truth.read_text())["measures"]
    return measures


@pytest.fixture(scope="module")
def courses(truth: dict[str, list[Row]]) -> Filter:
    """The generated courses: other tests may have stored statements of other ones."""
    return in_courses([row["course_key"] for row in truth["currently_enrolled"]])


def asked(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    """What ClickHouse answers its administrator, past every view."""
    client = connect(stack.settings)
    try:
        return [tuple(row) for row in client.query(statement).result_rows]
    finally:
        client.close()


def generated(stack: Stack) -> str:
    """A condition for raw statements of the generated courses."""
    keys = json.loads(stack.truth.read_text())["courses"]
    return "(" + " or ".join(f"position(event, '{key}') > 0" for key in keys) + ")"


def by_day(rows: list[Row], column: str) -> dict[str, dict[str, float]]:
    """By day: what is not 0, by series."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        values = {name: value for name, value in row.items() if name != column and value}
        if values:
            found[day(row[column])] = values
    return found


def test_activity_by_day(charts: DashboardCharts, truth: dict[str, list[Row]], courses: Filter) -> None:
    learners = {row["day"]: {"learners": row["value"]} for row in truth["active_learners_per_day"]}
    active = {row["day"]: {"courses": row["value"]} for row in truth["active_courses_per_day"]}
    topics: dict[str, Counter[str]] = defaultdict(Counter)
    for row in truth["events_by_day"]:
        topics[row["day"]][TOPIC_OF.get(row["kind"], "Other")] += row["value"]

    assert by_day(charts.rows("How many learners are active on the instance?", courses), "day") == learners
    assert by_day(charts.rows("How many courses are active?", courses), "day") == active
    assert by_day(charts.rows("How many events arrive?", courses), "day") == topics


TOPIC_OF = {
    "problem_evaluated": "Problems",
    "problem_attempted": "Problems",
    "problem_completed": "Problems",
    "hint": "Problems",
    "grade": "Grades",
    "course_result": "Grades",
    "enrollment": "Enrollments",
    "video": "Videos",
    "forum": "Forum",
    "navigation": "Pages",
}


def test_totals(stack: Stack, charts: DashboardCharts, truth: dict[str, list[Row]], courses: Filter) -> None:
    enrolled = sum(row["value"] for row in truth["currently_enrolled"])
    active_days = {row["course_key"] for row in truth["active_learners_by_day"]}

    assert charts.rows("Active courses", courses) == [{"courses": len(active_days)}]
    assert charts.rows("Courses", courses) == [{"courses": len(truth["currently_enrolled"])}]
    assert charts.rows("Organizations", courses) == [{"organizations": truth["organizations"][0]["value"]}]
    assert charts.rows("Enrolled learners", courses)[0]["learners"] <= enrolled, "a learner of two courses is one"
    assert charts.rows("Enrolled learners", courses)[0]["learners"] == people_enrolled(stack)
    assert charts.rows("Active learners", courses)[0]["learners"] == len(people_active(stack))


def people_enrolled(stack: Stack) -> int:
    """Who is enrolled anywhere, out of the raw statements."""
    ((found,),) = asked(
        stack,
        "select uniqExact(actor) from ("
        "  select JSONExtractString(event, 'actor', 'account', 'name') as actor,"
        "    JSONExtractString(event, 'object', 'id') as course,"
        "    argMax(JSONExtractString(event, 'verb', 'id'), emission_time) as verb"
        f"  from xapi.xapi_events_all where {generated(stack)}"
        "    and match(JSONExtractString(event, 'verb', 'id'), '/(un)?registered$') group by actor, course"
        ") where endsWith(verb, '/registered')",
    )
    return int(found)


def people_active(stack: Stack) -> dict[str, set[str]]:
    """Who did anything, by organizations, out of the raw statements."""
    rows = asked(
        stack,
        "select distinct JSONExtractString(event, 'actor', 'account', 'name'), "
        "extract(decodeURLComponent(event), '(?:course|block)-v1:([^+]+)') from xapi.xapi_events_all "
        f"where {generated(stack)} and not match(JSONExtractString(event, 'verb', 'id'), '/((un)?registered|earned)$')",
    )
    found: dict[str, set[str]] = defaultdict(set)
    for actor, organization in rows:
        found[actor].add(organization)
    return found


def test_organizations(stack: Stack, charts: DashboardCharts, truth: dict[str, list[Row]], courses: Filter) -> None:
    keys = [row["course_key"] for row in truth["currently_enrolled"]]
    active = Counter(name for names in people_active(stack).values() for name in names)

    found = charts.rows("Where are learners active?", courses)
    assert {row["org"]: row["learners"] for row in found} == active

    found = charts.rows("Who offers the most courses?", courses)
    assert {row["org"]: row["courses"] for row in found} == Counter(organization(key) for key in keys)

    found = charts.rows("Where are learners enrolled?", courses)
    assert {row["org"] for row in found} == {organization(key) for key in keys}
    for row in found:
        mine = [each["value"] for each in truth["currently_enrolled"] if organization(each["course_key"]) == row["org"]]
        assert max(mine) <= row["learners"] <= sum(mine)


def organization(key: str) -> str:
    return key.split(":")[1].split("+")[0]


def test_enrollments(stack: Stack, charts: DashboardCharts, truth: dict[str, list[Row]], courses: Filter) -> None:
    said = Counter(
        {
            (str(when), {"registered": "Enrolled", "unregistered": "Left"}[verb]): times
            for when, verb, times in asked(
                stack,
                "select toDate(emission_time, 'UTC') as day, "
                "extract(JSONExtractString(event, 'verb', 'id'), '[a-z]+$') as verb, uniqExact(event_id) "
                f"from xapi.xapi_events_all where {generated(stack)} and verb in ('registered', 'unregistered') "
                "group by day, verb",
            )
        }
    )
    rows = by_day(charts.rows("How many learners enroll and leave?", courses), "day")
    assert {(when, change): count for when, series in rows.items() for change, count in series.items()} == said

    by_mode = {(row["course_key"], row["enrollment_mode"]): row["value"] for row in truth["currently_enrolled_by_mode"]}
    rows = charts.rows("Who is enrolled where, and in which track?", courses)
    assert {(row["course_key"], row["enrollment_mode"]): row["learners"] for row in rows} == {
        key: value for key, value in by_mode.items() if value
    }

    rows = charts.rows("How has enrollment grown on the instance?", courses)
    now: Counter[str] = Counter()
    for (_, mode), value in by_mode.items():
        now[mode] += value
    assert {mode: value for mode, value in rows[-1].items() if mode != "changed_on" and value} == now


def test_what_was_refused(stack: Stack, charts: DashboardCharts) -> None:
    broken = {"id": str(uuid.uuid4()), "timestamp": "2026-01-01T00:00:00Z", "object": {"id": "http://x/y"}}
    client = connect(stack.settings, user="lrs")
    client.insert(
        "xapi.xapi_events_all",
        [[broken["id"], datetime(2026, 1, 1, tzinfo=UTC), json.dumps(broken)]],
        ["event_id", "emission_time", "event"],
    )
    client.close()

    expected = dict(asked(stack, "select reason, count() from reporting.refused_statements group by reason"))
    assert expected
    by_reason = charts.rows("Why were statements refused?")
    assert {row["reason"]: row["refused"] for row in by_reason} == expected
    assert charts.rows("Refused statements") == [{"refused": sum(expected.values())}]
    over_time = charts.rows("When were statements refused?")
    assert sum(value or 0 for row in over_time for name, value in row.items() if name != "day") == sum(
        expected.values()
    )
    today = datetime.now(UTC).date()
    assert charts.rows("Refused statements", dates=f"2001-01-01 : {today - timedelta(days=3)}") == [{"refused": 0}]


def test_freshness(stack: Stack, charts: DashboardCharts, truth: dict[str, list[Row]]) -> None:
    found = {row["source_name"]: row for row in charts.rows("How fresh is each source?")}

    newest = datetime.fromisoformat(truth["last_event_time"][0]["value"])
    assert moment(found["Statements of learners"]["last_at"]) >= newest.replace(microsecond=0)
    ((published, outlines),) = asked(
        stack,
        "select (select max(time_last_dumped) from event_sink.course_overviews),"
        " (select max(time_last_dumped) from event_sink.course_blocks)",
    )
    assert whole_seconds(found["Courses of the LMS"]["last_at"]) == published.replace(microsecond=0, tzinfo=UTC)
    assert whole_seconds(found["Course outlines of the LMS"]["last_at"]) == outlines.replace(microsecond=0, tzinfo=UTC)
    for row in found.values():
        if row["last_at"] is None:
            assert (row["source_name"], row["hours_ago"]) == ("Profiles of the LMS", None)
            continue
        age = datetime.now(UTC) - moment(row["last_at"])
        assert abs(row["hours_ago"] - max(age.total_seconds(), 0) / 3600) < 0.1, row

    latest = moment(charts.rows("Last event received")[0]["latest"])
    assert latest == moment(found["Statements of learners"]["last_at"])
    assert whole_seconds(charts.rows("Last course publish")[0]["latest"]) == published.replace(
        microsecond=0, tzinfo=UTC
    )


def whole_seconds(milliseconds: float) -> datetime:
    return moment(milliseconds).replace(microsecond=0)


def test_the_refresh_has_nothing_left_to_do(charts: DashboardCharts) -> None:
    deadline = time.monotonic() + 30
    while charts.rows("Waiting for the refresh") != [{"waiting_rows": 0}]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert charts.rows("Refresh lag") == [{"lag": 0}]


def test_clickhouse_says_the_same_of_itself(stack: Stack, charts: DashboardCharts) -> None:
    figures = {row["figure"]: row for row in charts.rows("How is ClickHouse?")}
    ((version, uptime, total),) = asked(stack, "select version(), uptime(), sum(total_space) from system.disks")

    assert figures["Version"]["shown"] == version
    assert 0 <= uptime - seconds_of(figures["Uptime"]["shown"]) < 60
    assert figures["Free disk space"]["shown"].endswith(f"of {readable(stack, total)}")
    assert int(figures["Queries running"]["shown"]) >= 1
    assert int(figures["Active parts"]["shown"]) > 0
    assert all(row["description"] for row in figures.values())


def test_failed_queries_are_counted_and_the_latest_is_named(stack: Stack, charts: DashboardCharts) -> None:
    with pytest.raises(Exception, match="no_such_column"):
        asked(stack, "select no_such_column from reporting.enrollments")

    deadline = time.monotonic() + 30
    while True:
        [failed] = [row for row in charts.rows("How is ClickHouse?") if row["figure"] == "Failed queries in a day"]
        if "UNKNOWN_IDENTIFIER" in failed["description"]:
            break
        assert time.monotonic() < deadline, failed
        time.sleep(0.5)
    assert int(failed["shown"]) >= 1


def seconds_of(text: str) -> int:
    """`1 hour, 2 minutes and 3 seconds` in seconds."""
    lengths = {"hour": 3600, "minute": 60, "second": 1}
    return sum(int(number) * lengths[unit] for number, unit in re.findall(r"(\d+) (hour|minute|second)", text))


def readable(stack: Stack, size: int) -> str:
    return str(asked(stack, f"select formatReadableSize({size})")[0][0])


def test_storage(stack: Stack, charts: DashboardCharts) -> None:
    rows = {(row["database_name"], row["table_name"]): row for row in charts.rows("What takes room on disk?")}
    held = asked(
        stack,
        "select database, table, sum(rows) from system.parts where active and database = 'event_sink' group by all",
    )
    assert held
    assert {key: rows[key]["total_rows"] for *key, _ in map(list, held) for key in [tuple(key)]} == {
        (database, table): count for database, table, count in held
    }

    grown = by_day(charts.rows("How does storage grow?"), "day")
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for when, database, size in asked(
        stack,
        "select toString(day), database_name, argMax(bytes_on_disk, seen_at)"
        " from reporting.table_sizes_seen group by day, database_name, table_name",
    ):
        seen[when][database] += size
    assert grown == {when: {name: size for name, size in sizes.items() if size} for when, sizes in seen.items()}


def test_queries_are_shown_without_what_was_asked_for(stack: Stack, charts: DashboardCharts) -> None:
    secret = f"{uuid.uuid4().hex}@example.org"
    connection = connect(stack.settings, user="report")
    connection.query(f"select count() as asked_by_a_test, sleep(0.4) from reporting.courses where org = '{secret}'")
    connection.close()
    asked(stack, "system flush logs")

    slow = [row for row in charts.rows("Which queries are slowest?") if "asked_by_a_test" in row["query"]]

    ((times, slowest),) = asked(
        stack,
        "select count(), max(query_duration_ms) / 1000 from system.query_log where type = 'QueryFinish'"
        " and user = 'report' and position(query, 'asked_by_a' || '_test') > 0",
    )
    assert [(row["asked_by"], row["times"], row["slowest"]) for row in slow] == [("report", times, slowest)]
    assert slowest >= 0.4
    assert not any(secret in row["query"] for row in charts.rows("Which queries are slowest?"))

    hours = charts.rows("How fast are dashboards answered?")
    assert all(0 <= row["median_seconds"] <= row["percentile_95"] for row in hours)
    ((first,),) = asked(stack, "select min(query_start_time) from system.query_log where user = 'report'")
    assert (
        moment(hours[0]["started_at"])
        <= first.replace(tzinfo=UTC)
        < moment(hours[0]["started_at"]) + timedelta(hours=1)
    )


def superset_log(stack: Stack) -> list[tuple[Any, ...]]:
    """Superset's own log of dashboards and charts: action, person, dashboard, chart, milliseconds, day."""
    with closing(sqlite3.connect(stack.settings.service_state("superset") / "superset.db")) as database:
        return database.execute(
            "select action, user_id, dashboard_title, slice_name, logs.duration_ms, date(dttm) from logs"
            " left join dashboards on dashboards.id = logs.dashboard_id left join slices on slices.id = logs.slice_id"
            " where action in ('dashboard', 'ChartDataRestApi.data', 'SqlLabRestApi.execute_sql_query')"
        ).fetchall()


def test_use_of_superset(stack: Stack, charts: DashboardCharts) -> None:
    use_as_a_page(charts.client, SLUG, charts.charts["Courses"])
    before = superset_log(stack)
    opened = Counter(row[2] for row in before if row[0] == "dashboard" and row[2])
    loaded = Counter((row[3], row[2] or "") for row in before if row[0] == "ChartDataRestApi.data" and row[3])
    assert opened["Operator Dashboard"]
    assert loaded

    openings = sum(row[0] == "dashboard" for row in before)
    deadline = time.monotonic() + LONGEST_COPY
    while True:
        # Whoever asks for these numbers loads charts: what is copied meanwhile is more, never less.
        most_used = {
            (row["chart"], row["dashboard"]): row["loads"] for row in charts.rows("Which charts are used most?")
        }
        # The list is cut off after its first rows, so the sum has to be there, too.
        copied = all(most_used.get(key, times) >= times for key, times in loaded.items())
        everything = charts.rows("Charts loaded")[0]["loads"] >= sum(loaded.values())
        if copied and everything and charts.rows("Dashboards opened")[0]["openings"] >= openings:
            break
        assert time.monotonic() < deadline, "Superset has not copied its log"
        time.sleep(3)
    assert not {key: most_used[key] for key in {*loaded} & {*most_used} if most_used[key] > loaded[key] + 20}

    # One that was deleted since keeps its title here; Superset has forgotten it.
    found = {row["dashboard"]: row["openings"] for row in charts.rows("Which dashboards are used most?")}
    assert {title: found[title] for title in opened} == opened
    assert charts.rows("Dashboards opened")[0]["openings"] == openings

    slowest = {(row["chart"], row["dashboard"]): row for row in charts.rows("Which charts are slowest?")}
    for key in list(loaded)[:10]:
        took = [row[4] / 1000 for row in before if (row[3], row[2] or "") == key and row[0] == "ChartDataRestApi.data"]
        if key in slowest:
            assert slowest[key]["slowest"] >= max(took), key
            assert slowest[key]["median_seconds"] <= slowest[key]["percentile_95"] <= slowest[key]["slowest"]

    people = {row[1] for row in before if row[1]}
    assert charts.rows("Active people in Superset")[0]["people"] == len(people)
    by_date = by_day(charts.rows("How many people use Superset?"), "day")
    for when in {row[5] for row in before}:
        assert by_date[when]["people"] == len({row[1] for row in before if row[5] == when and row[1]})


def test_registered_people(stack: Stack, charts: DashboardCharts) -> None:
    with closing(sqlite3.connect(stack.settings.service_state("superset") / "superset.db")) as database:
        ((now,),) = database.execute("select count(*) from ab_user").fetchall()

    rows = charts.rows("How many people are registered in Superset?")

    assert rows[-1]["registered_people"] >= now, "who was deleted since is counted too"
    assert day(rows[-1]["registered_on"]) == datetime.now(UTC).date().isoformat()


def test_report_reads_no_more_than_the_views_show(stack: Stack) -> None:
    """What is copied of Superset has no name, and the tables of its own are out of reach."""
    client = connect(stack.settings, user="usage")
    try:
        for refused in ("reporting.superset_users", "reporting.enrollments", "xapi.xapi_events_all"):
            with pytest.raises(Exception, match="Not enough privileges"):
                client.query(f"select * from {refused}")
        with pytest.raises(Exception, match="Not enough privileges"):
            client.command("insert into reporting.deletions (table_name) values ('x')")
    finally:
        client.close()
    columns = asked(stack, "select name from system.columns where database = 'reporting' and table like 'superset%'")
    assert not {name for (name,) in columns} & {"username", "email", "password", "first_name", "last_name", "json"}
