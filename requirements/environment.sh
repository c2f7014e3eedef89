#!/bin/sh
# Makes /opt/envs/NAME inside an image, from the hashed lock that embedded mode uses: the same files from the same lock.
set -eu
name=$1 lock=$2
environment=/opt/envs/$name
uv=/opt/build/bin/uv
"$uv" venv --quiet --python "$(command -v python3)" "$environment"
"$uv" pip install --quiet --python "$environment/bin/python" --require-hashes --no-cache --link-mode copy --requirements "$lock"
# Bytecode that carries no time; a file that is no Python 3 (a template, say) is left as it is.
python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash "$environment" >/dev/null || true
cp "$lock" "$environment/installed.txt"
