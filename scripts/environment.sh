# The virtual environment of the scripts: sourced by start.sh, health_check.sh and tests/run.sh.
#
# .venv is a link to an environment in .venvs. A new environment is built beside the old one, and the link is switched when
# it is complete. So a running service keeps its packages, and a failed installation changes nothing.

# With the modules of another Python, that of the environment does not start.
unset PYTHONHOME

ENVIRONMENTS=.venvs
EXTRAS='alerts:apprise mqtt:paho postgres:psycopg query:duckdb'

# set_up_environment REQUIREMENTS...: make the environment; quick if nothing has changed since the last time.
set_up_environment() {
    if has_environment "$@"; then return 0; fi

    local python lock=.environment.lock waited=0 code=0
    python=$(find_python) || return
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "footy: this Python cannot make virtual environments: install the package" \
            "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv and try again." >&2
        return 78
    fi
    # Two simultaneous starts must not both install.
    while ! mkdir "$lock" 2>/dev/null; do
        if [ ! -w . ]; then
            echo "footy: $PWD cannot be written, and .venv is to be made there." >&2
            return 73
        fi
        if ! kill -0 "$(cat "$lock/pid" 2>/dev/null)" 2>/dev/null && [ "$waited" -ge 5 ]; then rm -rf "$lock"; fi
        waited=$((waited + 1))
        sleep 1
    done
    echo $$ >"$lock/pid"
    # In a subshell, so that an interruption also releases the lock.
    (
        trap 'rm -rf "$lock"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        has_environment "$@" || make_environment "$python" "$@"
    ) || code=$?
    return "$code"
}

# Check the stamps, and import footy: after an upgrade of the system's Python, the environment's packages are not found.
has_environment() {
    local requirements extra
    for requirements in "$@"; do is_installed_from "$requirements" || return; done
    can_run_footy || return
    for extra in $EXTRAS; do
        requirements=requirements-${extra%:*}.txt
        has_package .venv "${extra#*:}" && [ -f "$requirements" ] || continue
        if [ -e ".venv/.installed-from-$requirements" ]; then
            is_installed_from "$requirements" || return
        else # somebody has installed it by hand
            stamp_of "$requirements" 2>/dev/null >".venv/.installed-from-$requirements" || true
        fi
    done
    [ -z "$(extras_missing_in .venv)" ]
}

is_installed_from() {
    [ "$(cat ".venv/.installed-from-$1" 2>/dev/null)" = "$(stamp_of "$1")" ]
}

stamp_of() {
    cat setup.py "$1" | cksum
    pwd
}

can_run_footy() {
    .venv/bin/python -I -c 'import footy' 2>/dev/null
}

make_environment() {
    local python=$1 before requirements
    shift
    folder=$ENVIRONMENTS/$(date -u +%Y%m%dT%H%M%SZ)-$$
    before=$(readlink .venv 2>/dev/null)
    if [ -e .venv ]; then
        echo "footy: installing $* …" >&2
    else
        echo "footy: setting up .venv; this happens once, and may take a minute …" >&2
    fi
    trap 'rm -rf "$folder" "$lock"' EXIT
    mkdir -p "$ENVIRONMENTS" && "$python" -m venv "$folder" || return 78
    local pip=("$folder/bin/python" -m pip install -qq --disable-pip-version-check)
    for requirements in "$@"; do
        "${pip[@]}" -r "$requirements" || return_uninstalled "$requirements" || return
    done
    "${pip[@]}" --no-deps --editable . || return_uninstalled setup.py || return
    for requirements in $(extras_missing_in "$folder"); do
        "${pip[@]}" -r "$requirements" || return_uninstalled "$requirements" || return
        set -- "$@" "$requirements"
    done
    for requirements in "$@"; do stamp_of "$requirements" >"$folder/.installed-from-$requirements" || return 73; done
    switch_to "$folder" || return 73
    trap 'rm -rf "$lock"' EXIT
    remove_unused "$folder" "$before"
}

# extras_missing_in FOLDER: print the requirements of extras that the settings need or .venv has, and the new environment lacks.
# Look for folders of packages: the Python of .venv may be gone.
extras_missing_in() {
    local extra name needed=
    if may_need_extras; then needed=$(extras_needed_by "$1"); fi
    for extra in $EXTRAS; do
        name=${extra%:*}
        case $'\n'$needed$'\n' in
            *$'\n'$name$'\n'*) ;;
            *) has_package .venv "${extra#*:}" || continue ;;
        esac
        if ! has_package "$1" "${extra#*:}" && [ -f "requirements-$name.txt" ]; then echo "requirements-$name.txt"; fi
    done
}

# Check whether any setting that extras_needed_by looks at may be set, or there are rules: to read the settings takes 0.2 s.
may_need_extras() {
    [ -n "${FOOTY_ALERTS:-}${FOOTY_MQTT:-}${FOOTY_PUSH:-}${FOOTY_SIMULATE_MQTT:-}" ] && return
    [ -n "${FOOTY_STORE:-}${FOOTY_STORE_FILE:-}${CREDENTIALS_DIRECTORY:-}" ] && return
    grep -qsE '^[^#]*(FOOTY_(ALERTS|DATA_DIR|MQTT|PUSH|STORE)|CREDENTIALS_DIRECTORY)' .env && return
    local data=${FOOTY_DATA_DIR:-var}
    [[ $data == \~* || -z ${data// /} || -e $data/alerts.toml || -e $data/demo/alerts.toml ]]
}

# extras_needed_by FOLDER: print the extras that the settings and the rules of alerts need, as the footy in this environment says.
extras_needed_by() {
    "$1/bin/python" -m footy.service.extras 2>/dev/null || true
}

has_package() {
    compgen -G "$1/lib/python*/site-packages/$2" >/dev/null
}

return_uninstalled() {
    echo "footy: the packages in $1 could not be installed: see above. What was installed before is unchanged." >&2
    return 69
}

# Replace the link by an atomic rename. If .venv is a folder, as in earlier versions, move it away first.
switch_to() {
    if [ -d .venv ] && [ ! -L .venv ]; then
        before=$ENVIRONMENTS/earlier-$$
        mv .venv "$before" || return
    fi
    rm -f .venv.next
    ln -s "$1" .venv.next && "$1/bin/python" -c 'import os; os.replace(".venv.next", ".venv")'
}

# Remove old environments, except the previous one and those that processes run from. Remove none if that is unknown: a
# service that was started as .venv/bin/python, for example by systemd, may run from any of them.
remove_unused() {
    local folder used
    used=$(ps -eo args= 2>/dev/null)
    case "$used" in *"$PWD/.venv/bin/python -m footy"*) return ;; esac
    for folder in "$ENVIRONMENTS"/*; do
        case "$folder" in "$1" | "$2") continue ;; esac
        case "$used" in *"$folder/bin/python"*) continue ;; esac
        [ -z "$used" ] || rm -rf "$folder"
    done
}

# environment_python: print the path of the environment's Python, which stays valid when the link is switched.
environment_python() {
    if [ -L .venv ]; then echo "$PWD/$(readlink .venv)/bin/python"; else echo "$PWD/.venv/bin/python"; fi
}

# say_why_not COMMAND: print why a command that needs no installation cannot run, and return its exit code.
say_why_not() {
    local home why="it has not been set up: bash start.sh" known=yes
    if [ -e .venv ] || [ -L .venv ]; then
        known=no
        if [ ! -O "$(readlink -f .venv)" ] && [ ! -x .venv/bin/python ]; then
            home=$(sed -n 's/^home = //p' .venv/pyvenv.cfg 2>/dev/null)
            why="user $(id -un) cannot run the Python that footy was set up with, in ${home:-$PWD/.venv}"
        elif [ -L .venv/bin/python ] && [ ! -x .venv/bin/python ]; then
            home=$(sed -n 's/^home = //p' .venv/pyvenv.cfg 2>/dev/null)
            why="the Python that footy was set up with, in $home, is gone: bash start.sh"
        elif [ ! -O "$(readlink -f .venv)" ]; then
            why="user $(id -un) cannot read what was installed in $PWD"
        else
            why="what was installed is incomplete: bash start.sh"
        fi
    fi
    case "$1:$known" in
        status:yes | health:yes) echo "Pipeline is not running ($why)" ;;
        status:no | health:no) echo "It is not known whether the pipeline runs ($why)" ;;
        stop:yes) echo "footy is not running ($why)" && exit 0 ;;
        stop:no) echo "footy cannot be stopped like this ($why)" >&2 && return 75 ;;
        *) echo "start.sh: nothing to show ($why)" >&2 && return 64 ;;
    esac
    return 1
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    echo "footy: Python 3.11 or newer is needed and was not found: install it, or set PYTHON to its path." >&2
    return 78
}
