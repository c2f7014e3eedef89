set -eu
./inv warehouse.migrate
./inv dbt.run
