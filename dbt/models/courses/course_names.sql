-- The name of each published course, after its latest publish. Looked up when a chart is read, so that a course that is
-- renamed needs no rebuild; in memory, because a join with it would be most of a small query's time.
{{
    config(
        materialized="dictionary",
        fields=[("course_key", "String"), ("course_name", "String")],
        primary_key="course_key",
        layout="complex_key_hashed()",
        lifetime="min 2 max 3",
        pre_hook="{{ drop_if_view() }}",
    )
}}

with
    published as (
        select course_key, tupleElement({{ merged("latest") }}, 'name') as name
        from {{ ref("rollup_course_names") }} {{ one_row_for_each("course_key") }}
    )
select course_key, if(name = '', course_key, name) as course_name
from published
