-- How ClickHouse is now, one row a figure.
select name as figure, value, shown, description from clickhouse_metrics
