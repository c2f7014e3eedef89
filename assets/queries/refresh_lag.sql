-- How far the tables that are refreshed are behind the statements.
select refreshed_table, waiting, oldest, lag_seconds from refresh_lag
