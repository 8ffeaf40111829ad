#!/usr/bin/env bash
# For monitoring: print one line about the health of the service; exit 0 if it is healthy, else 1.
# With --cycles, check only whether cycles succeed, not their data.
set -u
here=$(readlink -f -- "${BASH_SOURCE[0]}" 2>/dev/null) || here=${BASH_SOURCE[0]} # it may be called by a link
CDPATH='' cd -- "$(dirname -- "$here")" || exit 1
. ./scripts/environment.sh
can_run_footy || say_why_not health || exit 1
"$(environment_python)" -m footy health "$@" || exit 1
