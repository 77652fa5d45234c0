#!/usr/bin/env bash
# ./dev bench latency: from a command to start_capture on the wire; see latency.py --help.
set -euo pipefail
exec /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/latency.py" "$@"
