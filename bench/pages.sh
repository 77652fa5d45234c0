#!/usr/bin/env bash
# ./dev bench pages: how late the player is, and a wall of 16 tiles; options go to the wall's (--minutes 30, --tiles, --size, --fps).
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
export ST_BIN_DIR=${ST_BIN_DIR:-$ST_BUILD_DIR/bin}
code=0
node "$here/../web/tests/bench/delay.mjs" || code=1
node "$here/../web/tests/bench/wall.mjs" "$@" || code=1
exit $code
