#!/usr/bin/env bash
# Sets footy up where that is needed, then runs it: start (the default), stop, restart, status, logs, …
set -euo pipefail
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

case "${1:-start}" in
    help | -h | --help)
        cat <<'HELP'
bash start.sh            start the service in the background, and wait for its first snapshot
bash start.sh --demo     the same with simulated matches
bash start.sh --once     run one cycle in the foreground and show it (also with --json, --demo, --sort, --search)
bash start.sh stop       stop the service
bash start.sh restart    stop it, and start it
bash start.sh status     say how it is, and what its last snapshot says; exit 1 where it is not well
bash start.sh health     say in one line whether it is well; exit 1 where it is not
bash start.sh logs       show the log as it grows (Ctrl-C ends that, not the service)
bash start.sh check      ask the vendor whether the account works
bash start.sh names TEXT list the competitions and countries that the filters accept
bash start.sh serve      serve the page and the API of a data folder, in a process of its own
bash start.sh simulate   serve a simulated vendor
bash start.sh help       this
HELP
        exit
        ;;
    start | stop | restart | status | health | logs | check | names | serve | simulate) command=("${@:-start}") ;;
    --demo) if [ $# -eq 1 ]; then command=(start --demo); else command=("$@"); fi ;;
    -*) command=("$@") ;;
    *)
        echo "start.sh: unknown command: $1. See bash start.sh help." >&2
        exit 64
        ;;
esac

. ./scripts/environment.sh
verb=
for word in "${command[@]}"; do
    case "$word" in -*) ;; *) verb=$word; break ;; esac
done
case "$verb" in
    stop | status | health | logs | names)
        # What only looks or stops installs nothing, waits for nothing and deletes nothing.
        can_run_footy || say_why_not "$verb" || exit
        ;;
    *) set_up_environment requirements.txt || exit ;;
esac
exec "$(environment_python)" -m footy "${command[@]}"
