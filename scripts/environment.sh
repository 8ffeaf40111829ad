# Makes a virtual environment with what a requirements file names, once: sourced by start.sh and tests/run.sh.

# set_up_environment FOLDER REQUIREMENTS: quick where nothing changed since the last time.
set_up_environment() {
    local folder=$1 requirements=$2 stamp wanted python lock=.environment.lock
    stamp=$folder/.installed-from-$(basename "$requirements")
    wanted=$(cat setup.py "$requirements" | cksum; pwd)
    if is_set_up "$folder" "$stamp" "$wanted"; then return 0; fi

    python=$(find_python) || return
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "footy: this Python cannot make virtual environments: install the package" \
            "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv and try again." >&2
        return 78
    fi
    # Two starts at the same instant must not install into each other.
    local waited=0
    while ! mkdir "$lock" 2>/dev/null; do
        if [ ! -w . ]; then
            echo "footy: $PWD cannot be written, and $folder is to be made there." >&2
            return 73
        fi
        if ! kill -0 "$(cat "$lock/pid" 2>/dev/null)" 2>/dev/null && [ "$waited" -ge 5 ]; then rm -rf "$lock"; fi
        waited=$((waited + 1))
        sleep 1
    done
    echo $$ >"$lock/pid"
    local code=0
    if ! is_set_up "$folder" "$stamp" "$wanted"; then
        install_environment "$python" "$folder" "$requirements" || code=$?
        [ "$code" -ne 0 ] || printf '%s\n' "$wanted" >"$stamp"
    fi
    rm -rf "$lock"
    return "$code"
}

# The stamp tells; but a Python that was upgraded beneath the environment no longer finds what is in it.
is_set_up() {
    local folder=$1 stamp=$2 wanted=$3
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && "$folder/bin/python" -I -c 'import footy' 2>/dev/null
}

install_environment() {
    local python=$1 folder=$2 requirements=$3
    # A folder that was moved or copied from elsewhere does not work any more: its scripts hold the old path.
    if [ -x "$folder/bin/python" ] && "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
        echo "footy: installing $requirements into $folder …" >&2
    else
        echo "footy: setting up $folder; this happens once, and may take a minute …" >&2
        rm -rf "$folder"
        "$python" -m venv "$folder" || return 78
    fi
    local pip=("$folder/bin/python" -m pip install -qq --disable-pip-version-check)
    if ! "${pip[@]}" -r "$requirements" || ! "${pip[@]}" --no-deps --editable .; then
        echo "footy: the packages in $requirements could not be installed: see above." >&2
        return 69
    fi
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
