"""A server that speaks ClickHouse's HTTP interface over chDB, the ClickHouse engine as a Python package."""
