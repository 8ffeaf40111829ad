#!/usr/bin/env bash
# Says in one line whether the service is well, and exits 0 only if it is, else 1: for monitoring.
# With --cycles it judges only whether cycles succeed, not their data.
set -u
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
. ./scripts/environment.sh
can_run_footy || say_why_not health || exit 1
"$(environment_python)" -m footy health "$@" || exit 1
