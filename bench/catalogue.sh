#!/usr/bin/env bash
# ./dev bench catalogue [FOLDER [ROWS]]: questions to a catalogue of three million recordings and segments.
set -euo pipefail
folder=${1:-$(mktemp -d)}
exec "$ST_BUILD_DIR/bin/bench_catalogue" "$folder" "${@:2}"
