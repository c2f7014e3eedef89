"""The SQL of charts, as Superset sends it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aspects.assets.chart_sql import chart_sql
from aspects.assets.models import Chart, Column, Dataset, Metric

SOME_ID = UUID(int=1)
GRADES = Dataset(
    uuid=SOME_ID,
    version="1.0.0",
    table_name="grades",
    database_uuid=SOME_ID,
    sql="select org, grade from course_grades"
    "{% if filter_values('org') %} where org in {{ filter_values('org') | where_in }}{% endif %}",
    columns=[Column(column_name="org"), Column(column_name="half", expression="intDiv(grade, 50)")],
    metrics=[Metric(metric_name="learners", expression="uniqExact(actor_id)")],
)


def sql_of(viz_type: str, values: dict[str, list[str]] | None = None, **params: Any) -> str:
    chart = Chart(
        uuid=SOME_ID, version="1.0.0", slice_name="A chart", viz_type=viz_type, dataset_uuid=SOME_ID, params=params
    )
    (text,) = chart_sql(chart, GRADES, values or {})
    return " ".join(text.split())


def test_a_number_is_a_metric_over_the_dataset() -> None:
    assert sql_of("big_number_total", metric="learners") == (
        "select uniqExact(actor_id) as `learners_3ae41b`"
        " from (select org, grade from course_grades ) as virtual_table limit 50000"
    )


def test_filters_of_the_dashboard_are_set_in_the_dataset() -> None:
    text = sql_of("big_number_total", {"org": ["It's"]}, metric="learners")
    assert "from course_grades where org in ('It''s') ) as virtual_table" in text


def test_bars_are_grouped_by_their_axis_and_filtered_by_the_chart() -> None:
    text = sql_of(
        "echarts_timeseries_bar",
        x_axis="half",
        metrics=["learners"],
        groupby=["org"],
        row_limit=10,
        adhoc_filters=[
            {"clause": "WHERE", "expressionType": "SIMPLE", "subject": "org", "operator": "!=", "comparator": ""},
            {"clause": "WHERE", "expressionType": "SQL", "sqlExpression": "grade > 0"},
        ],
    )
    assert text.startswith(
        "select intDiv(grade, 50) as `half_7afe39`, `org` as `org_5a445d`,"
        " uniqExact(actor_id) as `learners_3ae41b` from"
    )
    assert text.endswith(
        "where `org` != '' and (grade > 0) group by intDiv(grade, 50), `org` order by `learners_3ae41b` desc limit 10"
    )


def test_a_time_grain_rounds_the_axis() -> None:
    text = sql_of("echarts_timeseries_line", x_axis="day", time_grain_sqla="P1W", metrics=["learners"])
    assert "toMonday(toDateTime(`day`)) as `day_628b7d`" in text


def test_a_raw_table_is_not_grouped() -> None:
    text = sql_of("table", query_mode="raw", all_columns=["org"], row_limit=5)
    assert "group by" not in text
    assert text.startswith("select `org` as `org_5a445d` from")


def test_metrics_of_a_chart_of_its_own() -> None:
    metric = {
        "expressionType": "SIMPLE", "aggregate": "COUNT_DISTINCT", "column": {"column_name": "org"}, "label": "Orgs",
    }  # fmt: skip
    assert "count(distinct `org`) as `Orgs_d25e59`" in sql_of("big_number_total", metric=metric)
