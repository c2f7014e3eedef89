-- The responses that the refresh under way has taken from the list.
{{ config(materialized="kept", engine=replacing(), order_by="mark") }}

select *, generateUUIDv4() as run
from {{ ref("answered_problems_dirty") }}
