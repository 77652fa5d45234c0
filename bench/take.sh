#!/usr/bin/env bash
# ./dev bench take [CAMERAS [MINUTES [FPS]]]: tables and manifest of a take, without the digests of its films.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$ST_BUILD_DIR/bin/bench_take" "$folder" "$@"
