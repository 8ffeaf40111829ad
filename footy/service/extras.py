"""The extra packages that the settings and the rules file need, for `scripts/environment.sh`.

    python -m footy.service.extras

prints the name of each, such as `mqtt`, whose list is `requirements-mqtt.txt`. What is wrong with the
settings is said by the command that is run then. The script starts this only if one of the settings that it
looks at may be set: `may_need_extras` there names them.
"""

import contextlib
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from footy.errors import ConfigError
from footy.service.paths import Files
from footy.settings import SIMULATOR_VARIABLE, Mode, Settings, load


def needed(settings: Settings) -> Iterator[str]:
    """Yield the extras, each once."""
    files = [settings.alerts] if settings.alerts else _rules_in(settings)
    if any(map(_has_services, files)):
        yield "alerts"
    if settings.push == "on" or settings.mqtt or os.environ.get(SIMULATOR_VARIABLE):
        yield "mqtt"
    if settings.store:
        yield "postgres"


def _rules_in(settings: Settings) -> list[Path]:
    return [Files(settings.folder(mode)).alerts for mode in (Mode.LIVE, Mode.DEMO)]


def _has_services(rules: Path) -> bool:
    """Check whether a rules file has a target that is a service for people."""
    with contextlib.suppress(OSError, ValueError, RecursionError, AttributeError):
        targets = tomllib.loads(rules.read_text(encoding="utf-8")).get("targets", {})
        return any({"notify", "notify_file"} & one.keys() for one in targets.values())
    return False


def main() -> None:
    """Print them."""
    with contextlib.suppress(ConfigError):
        for name in needed(load().settings):
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
