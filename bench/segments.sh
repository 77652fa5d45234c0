#!/usr/bin/env bash
# ./dev bench segments [GB]: what recording live streams in segments costs beyond writing the same bytes.
set -euo pipefail
folder=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$folder"' EXIT
"$ST_BUILD_DIR/bin/bench_segments" "$folder" "$@"
