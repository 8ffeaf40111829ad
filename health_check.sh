#!/usr/bin/env bash
# Says in one line whether the service is well, and exits 0 only if it is, else 1: for monitoring.
set -u
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
if [ ! -x .venv/bin/python ]; then
    echo "Pipeline is not running (it has not been set up: bash start.sh)"
    exit 1
fi
.venv/bin/python -m footy health "$@" || exit 1
