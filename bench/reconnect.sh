#!/usr/bin/env bash
# ./dev bench reconnect: many cameras lost and back at once; see reconnect.py --help.
set -euo pipefail
exec /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/reconnect.py" "$@"
