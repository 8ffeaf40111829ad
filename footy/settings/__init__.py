"""All settings of footy in one validated class. Only this package reads settings, from wherever they are."""

from footy.settings.model import (
    DEFAULT_BASE_URL,
    DEMO_FOLDER,
    Mode,
    ServiceSettings,
    Settings,
    secret_files,
    secret_variables,
    variables,
)
from footy.settings.reading import (
    CREDENTIALS,
    SECRET_MOST_BYTES,
    SIMULATOR_VARIABLE,
    STORE,
    Loaded,
    load,
)

__all__ = [
    "CREDENTIALS",
    "DEFAULT_BASE_URL",
    "DEMO_FOLDER",
    "SECRET_MOST_BYTES",
    "SIMULATOR_VARIABLE",
    "STORE",
    "Loaded",
    "Mode",
    "ServiceSettings",
    "Settings",
    "load",
    "secret_files",
    "secret_variables",
    "variables",
]
