#!/usr/bin/env bash
# ./dev bench ingest: streamd against a bare program, recording many cameras; see ingest.py --help.
set -euo pipefail
exec /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/ingest.py" "$@"
