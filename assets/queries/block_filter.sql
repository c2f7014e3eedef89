{% if filter_values("block_id") %} and block_id in {{ filter_values("block_id") | where_in }} {% endif %}
{% if filter_values("video") %}
    and block_id in (select block_id from blocks where block_with_location in {{ filter_values("video") | where_in }})
{% endif %}
