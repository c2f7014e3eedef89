-- The three rooms of the warehouse: statements, what the LMS knows, and what dashboards read.
create database if not exists xapi {{ on_cluster }};

create database if not exists event_sink {{ on_cluster }};

create database if not exists reporting {{ on_cluster }};
