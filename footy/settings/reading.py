"""Read the settings: from flags, the environment, `.env` and files of secrets. No other module reads them."""

import difflib
import io
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from pydantic import ValidationError

from footy.errors import ConfigError
from footy.settings.model import Settings, is_secret, secret_files, secret_variables, variables
from footy.settings.values import SECRET_MIN_LENGTH

STORE = ("FOOTY_STORE", "FOOTY_LEASE", "PGPASSFILE")
"""Settings that say where the log of events is, if it is not in the data folder."""
WHERE = ("FOOTY_DATA_DIR", "FOOTY_MODE", "THESPORTS_USER", "THESPORTS_SECRET", *STORE)
"""Settings that identify the instance: where its data is, and whether it is live or the demo."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd says which folder holds the unit's credentials (`LoadCredential=`)."""
SECRET_MOST_BYTES = 65536
"""A larger file holds no secret; `/dev/zero` would never end."""
SIMULATOR_VARIABLE = "FOOTY_SIMULATE_MQTT"
"""A variable that only `footy simulate` reads."""
MOST_SHOWN = 60
"""Maximum length, in characters, of a wrong value that an error message repeats."""
LOOKS = {
    "FOOTY_BASE_URL": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_PUSH_URL": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_MQTT": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_PROXY": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_TIMEZONE": r"[A-Za-z]+(/[A-Za-z_]+)*",
    "FOOTY_RATE_LIMITS": r"[a-z_/]+ ?=[a-z0-9_/=., ]*",
    "FOOTY_STATUSES": r"\d{1,4}([,; ]+\d{1,4})*",
    "FOOTY_BOOKMAKERS": r"\d{1,4}([,; ]+\d{1,4})*",
}
"""Patterns of wrong values that error messages repeat although they are long enough to be a secret."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and the warnings about them for the operator."""

    settings: Settings
    warnings: tuple[str, ...]


def load(
    environ: Mapping[str, str] | None = None,
    env_file: Path = Path(".env"),
    overrides: Mapping[str, str] | None = None,
    *,
    only_where: bool = False,
    needed: Iterable[str] = (),
) -> Loaded:
    """Read the settings. Flags take precedence over the environment, then `.env`, then the defaults.

    Args:
        environ: The environment; `os.environ` if None.
        env_file: The file to read, if it exists.
        overrides: Values from command-line flags, by variable name.
        only_where: Whether the settings in `WHERE` are enough. If so, a wrong value elsewhere is only a
            warning, and all settings outside `WHERE` have their defaults.
        needed: Settings that must be right even so.

    Raises:
        ConfigError: A value is wrong, or the file exists but cannot be read.
    """
    environ = os.environ if environ is None else environ
    from_file, ignored, commented_out = _read_env_file(env_file)
    values: dict[str, object] = {**from_file, **environ, **(overrides or {})}
    known = {name: value for name in variables() if (value := values.get(name)) and str(value).strip()}
    for name in secret_variables():
        try:
            known |= _from_its_file(name, values)
        except ConfigError as error:
            if not only_where or name in needed:
                raise
            ignored.append(f"{str(error).removesuffix('.')}; footy would not start with that.")
    try:
        settings = Settings.model_validate(known)
    except ValidationError as error:
        sentence = _sentence(error, known)
        wrong = {str(name) for problem in error.errors() for name in problem["loc"][:1]}
        if not only_where or wrong & {"FOOTY_DATA_DIR", "FOOTY_MODE", *needed}:
            raise ConfigError(sentence) from None
        settings = Settings.model_validate({name: known[name] for name in WHERE if name in {*known} - wrong})
        ignored.append(f"{sentence.removesuffix('.')}; footy would not start with that.")
    settings._commented_out = commented_out  # noqa: SLF001 - a fact about the file, not a setting
    return Loaded(settings, (*ignored, *_misspelt(environ, from_file, env_file)))


def _from_its_file(name: str, values: Mapping[str, object]) -> dict[str, str]:
    """Read a secret from the file of `NAME_FILE` or from the credential NAME; empty if there is neither.

    Line ends at the end of the file are no part of the secret.

    Raises:
        ConfigError: The secret is given in more than one way, or the file is empty or cannot be read.
    """
    places: dict[str, Path | None] = {}
    if str(values.get(name) or "").strip():
        places[name] = None
    if (file := str(values.get(f"{name}_FILE") or "").strip()) != "":
        places[f"{name}_FILE"] = Path(file)
    if (folder := str(values.get(CREDENTIALS) or "")) and os.path.lexists(Path(folder) / name):
        places[f"the unit's credential {name}"] = Path(folder) / name
    if len(places) > 1:
        raise ConfigError(f"{' and '.join(places)} are set together: keep one of them.")
    [(said, path)] = places.items() or [("", None)]
    return {} if path is None else {name: _secret_in(path, said)}


def _secret_in(path: Path, said: str) -> str:
    """Read a file that holds a secret and nothing else."""
    advice = "make it a readable text file that holds the secret and nothing else."
    shown = path if _is_surely_a_path(path) else "the file that it names"
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(SECRET_MOST_BYTES + 1)
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{said}: {shown} cannot be read ({reason}): {advice}") from None
    except ValueError:
        raise ConfigError(f"{said}: {path} cannot be read (it is not UTF-8 text): {advice}") from None
    if len(content) > SECRET_MOST_BYTES:
        raise ConfigError(f"{said}: {path} is larger than {SECRET_MOST_BYTES} bytes: {advice}")
    if not text.strip():
        raise ConfigError(f"{said}: {path} is empty: {advice}")
    return text


def _is_surely_a_path(path: Path) -> bool:
    """Check that a value is no secret that was put where its file is to be named, and so may be shown."""
    try:
        return path.parts[0].startswith(("/", "~")) or (len(path.parts) > 1 and path.parent.is_dir())
    except OSError:  # too long for a path
        return False


def _read_env_file(path: Path) -> tuple[dict[str, str], list[str], frozenset[str]]:
    """Read `.env`: return its values as written, warnings about it, and the credentials commented out."""
    advice = "make it a readable text file of NAME=value lines, or remove it."
    try:
        if not path.exists() and not path.is_symlink():
            return {}, [], frozenset()
        if not path.is_file():
            raise ConfigError(f"{path.absolute()} is not a file: {advice}")
        text = path.read_text(encoding="utf-8-sig")
        lines = list(parse_stream(io.StringIO(text)))
        readable_by_all = path.stat().st_mode & stat.S_IROTH
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{path.absolute()} cannot be read ({reason}): {advice}") from None
    values = {line.key: line.value for line in lines if line.key and line.value is not None}
    warnings = [
        f"line {_number(line)} of {path} is not NAME=value, and is ignored"
        for line in lines
        if line.error or (line.key and line.value is None)
    ]
    if readable_by_all and any(values.get(name) for name in secret_variables()):
        warnings.append(f"every user of this machine can read the secret in {path}: chmod 600 {path}")
    return values, warnings, frozenset(_COMMENTED_OUT.findall(text))


_COMMENTED_OUT = re.compile(r"^\s*#\s*(?:export\s+)?(THESPORTS_\w+)\s*=", re.MULTILINE)


def _number(line: Binding) -> int:
    """Return the number of a line of `.env`; the parser counts preceding blank lines as part of it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _misspelt(environ: Mapping[str, str], from_file: Mapping[str, str], env_file: Path) -> list[str]:
    """Return a warning for each variable that looks like a misspelt setting, with the nearest known name."""
    known = [*variables(), *secret_files()]
    sentences = []
    for name in sorted({*environ, *from_file} - {*known, SIMULATOR_VARIABLE}):
        ours = name.startswith(("FOOTY_", "THESPORT"))
        if not ours and name not in from_file:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if ours else 0.85)
        if not ours and not near:
            continue
        where = f"{env_file} has" if name in from_file else "The environment has"
        hint = f"did you mean {near[0]}?" if near else "see docs/configuration.md for the names."
        sentences.append(f"{where} {name}, which footy does not know and ignores: {hint}")
    return sentences


def _shown(name: str, value: str, secrets: Iterable[str]) -> str:
    """Return a wrong value for an error message, without anything that may be a secret."""
    value = re.sub(r"//.*@", "//***@", value, flags=re.DOTALL)
    value = re.sub(r"\?.*", "?***", value, flags=re.DOTALL)
    for secret in secrets:
        if len(secret) > len("***"):
            value = value.replace(secret, "***")
    looks = len(value) <= MOST_SHOWN and re.fullmatch(LOOKS.get(name, ""), value)
    return repr(value) if len(value) < SECRET_MIN_LENGTH or looks else f"a text of {len(value)} characters"


def _sentence(error: ValidationError, known: Mapping[str, object]) -> str:
    """Return a sentence with a clause for each wrong value: the variable, its value, and what it takes."""
    clauses = []
    hidden = {str(field.alias) for field in Settings.model_fields.values() if is_secret(field)}
    secrets = [str(known[name]) for name in hidden & known.keys()]
    for problem in error.errors(include_url=False):
        takes = problem["msg"].removeprefix("Value error, ").split(", unable to parse")[0]
        if not problem["loc"]:  # about two settings that contradict each other; the message names them
            clauses.append(takes)
            continue
        name = str(problem["loc"][0])
        got = "" if name in hidden else f" is {_shown(name, str(problem['input']), secrets)} but"
        takes = takes.replace("Input should be greater", "takes a number greater")
        takes = takes.replace("Input should be less", "takes a number less")
        takes = takes.replace("Input should be", "takes")
        takes = takes.replace("a valid number", "a number").replace("a valid integer", "a whole number")
        clauses.append(f"{name}{got} {takes}")
    return "; ".join(dict.fromkeys(clauses)) + "."
