"""The warehouse: its client, its migrations, and the dbt project that builds what dashboards read."""
