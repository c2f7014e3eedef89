-- What each table takes on disk now.
select database_name, table_name, rows, bytes_on_disk, bytes_uncompressed, parts from table_sizes
