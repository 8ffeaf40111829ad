#!/usr/bin/env bash
# Set up footy if needed, then run a command: start (the default), stop, restart, status, logs, …
set -euo pipefail
here=$(readlink -f -- "${BASH_SOURCE[0]}" 2>/dev/null) || here=${BASH_SOURCE[0]} # it may be called by a link
CDPATH='' cd -- "$(dirname -- "$here")"

case "${1:-start}" in
    help | -h | --help)
        cat <<'HELP'
bash start.sh            start the service in the background, and wait for its first snapshot
bash start.sh --demo     the same with simulated matches
bash start.sh --once     run one cycle in the foreground and show it (also with --json, --demo, --sort, --search)
bash start.sh stop       stop the service
bash start.sh restart    stop the service, and start it again
bash start.sh status     show its health and a summary of its last snapshot (--watch: live); exit 1 if it is not healthy
bash start.sh health     print one line about its health; exit 1 if it is not healthy
bash start.sh logs       follow the log (Ctrl-C ends only this, not the service)
bash start.sh check      check whether the account works
bash start.sh names TEXT list the competitions and countries that the filters accept
bash start.sh events     show what happened (also with --follow, --json, --since, --match, --type, …)
bash start.sh match NAME show one match: now, its statistics, and what happened in it
bash start.sh schema events  print the JSON Schema of events (or record, of the match record)
bash start.sh serve      serve the page and the API of a data folder, in a process of its own
bash start.sh alerts check   check the rules of alerts (also test, send TARGET, outcomes, backtest)
bash start.sh export odds -o FILE  write a table of the history (matches, events, odds, prices, minutes)
bash start.sh query SELECT   run a SELECT over these tables (--list: tables and columns)
bash start.sh replay --to NAME  send events of the log once more to a target (also with --since, --until, --after)
bash start.sh backup FILE    write a copy of the log into a file, also while footy runs
bash start.sh store copy     copy the log into the empty store that FOOTY_STORE names
bash start.sh simulate   serve a simulated vendor
bash start.sh help       show this help
HELP
        exit
        ;;
    start | stop | restart | status | health | logs | check | names | events | match | schema | serve | alerts | export | query | replay | backup | store | simulate) command=("${@:-start}") ;;
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
    stop | status | health | logs | names | events | match | schema | export | query | backup)
        # These commands install nothing, wait for nothing and delete nothing.
        can_run_footy || say_why_not "$verb" || exit
        ;;
    *) set_up_environment requirements.txt || exit ;;
esac
exec "$(environment_python)" -m footy "${command[@]}"
