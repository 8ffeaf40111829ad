#!/usr/bin/env bash
# Everything that must be green: lint, types, the import contract, the tests. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ./scripts/environment.sh
set_up_environment requirements.txt requirements-test.txt || exit

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports

# Several hundred processes are started; without bytecode each of them would compile footy again.
unset PYTHONDONTWRITEBYTECODE
# In memory, if there is room: tests write to disk, and wait for it, some ten thousand times.
if [ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -1)" -gt 3000000 ]; then
    export TMPDIR=${TMPDIR:-/dev/shm}
fi
# More workers than cores: much of the time is spent waiting. A module is run by one of them, so that what its tests
# share is started once; the longest modules first, as tests/conftest.py sorts them.
exec .venv/bin/python -m pytest -n 6 --dist loadfile --no-loadscope-reorder "$@"
