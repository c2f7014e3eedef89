{% if filter_values("video") %}
    and block_id in (select block_id from blocks where block_with_location in {{ filter_values("video") | where_in }})
{% endif %}
