-- What was last built into `reporting`, so that a start with nothing changed builds nothing.
create table if not exists reporting.{{ local("dbt_runs") }} {{ on_cluster }} (
    finished_at DateTime64(3, 'UTC') default now64(3, 'UTC'),
    project String comment 'A digest of the files of the dbt project',
    relations Array(String) comment 'The tables and views that the run left in reporting'
)
engine = {{ engine("MergeTree") }}
order by finished_at;

{{ distributed("reporting", "dbt_runs", "rand()") }}
