#!/usr/bin/env bash
# ./dev bench fanout: streamd against a bare program, one stream to many viewers; see fanout.py --help.
set -euo pipefail
exec /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/fanout.py" "$@"
