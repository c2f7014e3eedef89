{#-
    Whether a learner is at risk: enrolled, not passed, and not seen for a week. Who has opened no page was last there to
    enroll. Of the columns of rollup_learners by the names that its readers give them.
-#}
{% macro is_at_risk() -%}
    {%- set seen_at = "if(visited_at = toDateTime64(0, 6, 'UTC'), registered_at, visited_at)" -%}
    last_enrollment.registered
    and last_result.state != 'passed'
    and {{ seen_at }} between toDateTime64(1, 6, 'UTC') and now('UTC') - interval 7 day
{%- endmacro %}
