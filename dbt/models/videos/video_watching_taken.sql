-- The video events that the refresh under way has taken from the list.
{{ config(materialized="kept", engine=replacing(), order_by="mark") }}

select *, generateUUIDv4() as run
from {{ ref("video_watching_dirty") }}
