#!/usr/bin/env bash
# ./dev bench mux: h264mux against cp and ffmpeg on the same dump; see mux.py --help.
set -euo pipefail
exec /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/mux.py" "$@"
