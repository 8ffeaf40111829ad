#!/usr/bin/env bash
# Sets footy up where that is needed, then runs it: start (the default), stop, restart, status, logs, …
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./scripts/environment.sh
set_up_environment .venv requirements.txt || exit

case "${1:-start}" in
    start | stop | restart | status | health | logs | check | simulate) exec .venv/bin/python -m footy "${@:-start}" ;;
    help | -h | --help)
        cat <<'HELP'
bash start.sh            start the service in the background, and wait for its first snapshot
bash start.sh --demo     the same with simulated matches
bash start.sh --once     run one cycle in the foreground and show it (also with --json, --demo)
bash start.sh stop       stop the service
bash start.sh restart    stop it, and start it
bash start.sh status     say how it is; exit 1 where it is not well
bash start.sh logs       show the log as it grows
bash start.sh check      ask the vendor whether the account works
bash start.sh help       this
HELP
        ;;
    --demo) [ $# -gt 1 ] || exec .venv/bin/python -m footy start --demo; exec .venv/bin/python -m footy "$@" ;;
    -*) exec .venv/bin/python -m footy "$@" ;;
    *)
        echo "start.sh: what is \"$1\"? See bash start.sh help." >&2
        exit 64
        ;;
esac
