"""The operator's rules and targets: `alerts.toml`, read, checked and explained.

A file is used whole or not at all. Each thing that is wrong with it is one sentence that names the rule or
the target, the key, and the offending term.
"""

import os
import re
import stat
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from footy.alerts import values
from footy.alerts.condition import Condition, ConditionError
from footy.alerts.fields import near
from footy.alerts.values import WrongError
from footy.errors import ConfigError
from footy.sinks.targets import MAX_AGE_S, TIMEOUT_S, Target

NAME = re.compile(r"[a-z0-9-]{1,24}")
LARGEST = 1_000_000
"""Bytes of a rules file."""
LARGEST_SECRET = 10_000
"""Bytes of a file that holds an address or a key."""
DEFAULT_SAY = "{home} {home_score}–{away_score} {away}, {clock}"
_RULE_KEYS = ("when", "once", "for", "won", "lost", "void", "price", "say", "to")
_TARGET_KEYS = {
    "notify": ("notify", "notify_file", "events", "max_age", "timeout"),
    "webhook": ("webhook", "webhook_file", "secret", "secret_file", "events", "timeout"),
    "command": ("command", "events", "max_age", "timeout"),
    "sink": ("sink", "settings", "events"),
}


class RulesError(ConfigError):
    """A rules file cannot be used; `sentences` has all that is wrong with it."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = tuple(_printable(sentence) for sentence in sentences)
        super().__init__(" ".join(self.sentences))


def _printable(sentence: str) -> str:
    """Return a sentence on one line; what the file has of controls is written as an escape."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in sentence)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that has been checked."""

    name: str
    when: Condition
    once: Literal["match", "event"] = "match"
    """`match`: it fires once; `event`: for every event, or each time that the record makes it true."""
    for_s: float = 0.0
    """How long its condition must hold before it fires."""
    won: Condition | None = None
    lost: Condition | None = None
    void: Condition | None = None
    price: str | None = None
    """The field of the price at which it would have been bet."""
    say: str = DEFAULT_SAY
    to: tuple[str, ...] = ()

    @property
    def on_events(self) -> bool:
        """Check whether its condition is about events."""
        return bool(self.when.event_fields)

    @property
    def last_fields(self) -> frozenset[str]:
        """Return the fields that its outcome takes as they were at the end."""
        return frozenset().union(*(one.fields for one in self._outcomes))

    @property
    def then_fields(self) -> frozenset[str]:
        """Return the fields that its outcome takes as they were when it fired."""
        return frozenset().union(*(one.then_fields for one in self._outcomes))

    @property
    def _outcomes(self) -> list[Condition]:
        return [one for one in (self.won, self.lost, self.void) if one is not None]


@dataclass(frozen=True, slots=True)
class Rules:
    """The content of a rules file."""

    rules: tuple[Rule, ...] = ()
    targets: tuple[Target, ...] = ()
    warnings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must be in no log: passwords, tokens and keys of targets."""


def load(path: Path) -> Rules:
    """Read and check a rules file.

    Raises:
        RulesError: It cannot be read, or something in it is wrong.
    """
    content, readable_by_all = _read(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RulesError([f"{path}: it is no text in UTF-8."]) from None
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError, too
        raise RulesError([f"{path}: it is no TOML: {error}."]) from None
    rules = _File(path, found).read()
    if readable_by_all and rules.secrets:
        warning = f"every user of this machine can read the secrets in {path}: chmod 600 {path}"
        rules = Rules(rules.rules, rules.targets, (*rules.warnings, warning), rules.secrets)
    return rules


def _read(path: Path) -> tuple[bytes, bool]:
    """Return the file's content, and whether every user may read it."""
    try:
        content, found = _regular(path, LARGEST)
        folder = path.parent.stat()
    except OSError as error:
        raise RulesError([f"{path} cannot be read ({error.strerror})."]) from None
    except ValueError as error:
        raise RulesError([f"{path} {error}."]) from None
    _check_owner(path, found, folder)
    return content, bool(found.st_mode & stat.S_IROTH)


def _regular(path: Path, largest: int) -> tuple[bytes, os.stat_result]:
    """Return the content of a file that is one, never waiting for a pipe or reading a device."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("is no file")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"has more than {largest:,} bytes")
    return content, found


def _check_owner(path: Path, file: os.stat_result, folder: os.stat_result) -> None:
    """Refuse what somebody else may write: a target can be a program, which runs as this user."""
    for where, found in ((path, file), (path.parent, folder)):
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
            raise RulesError(
                [f"{where} may be written by others, who could run programs: chmod go-w {where}"]
            )
        if found.st_uid not in {os.geteuid(), 0}:
            raise RulesError([f"{where} belongs to another user, who could run programs: chown it."])


class _File:
    """Reads one file, and collects what is wrong with it."""

    def __init__(self, path: Path, found: Mapping[str, Any]) -> None:
        self._path = path
        self._found = found
        self._wrong: list[str] = []
        self._secrets: list[str] = []

    def read(self) -> Rules:
        for key in self._found.keys() - {"rules", "targets"}:
            self._complain(f"{key} is no part of it; {near(key, ('rules', 'targets'))}")
        targets = tuple(
            made for name, table in self._tables("targets") if (made := self._target(name, table))
        )
        names = [name for name, _ in self._tables("targets")]
        rules = tuple(
            rule for name, table in self._tables("rules") if (rule := self._rule(name, table, names))
        )
        if self._wrong:
            raise RulesError(self._wrong)
        return Rules(rules, targets, (), tuple(dict.fromkeys(self._secrets)))

    def _complain(self, clause: str) -> None:
        end = "" if clause.endswith(("?", ".")) else "."
        self._wrong.append(f"{self._path}: {clause}{end}")

    def _tables(self, part: str) -> list[tuple[str, Mapping[str, Any]]]:
        tables = self._found.get(part, {})
        if isinstance(tables, dict) and all(isinstance(one, dict) for one in tables.values()):
            return list(tables.items())
        sentence = f"{part} takes tables such as [{part}.some-name]"
        if not any(sentence in one for one in self._wrong):
            self._complain(sentence)
        return []

    # Rules.

    def _rule(self, name: str, table: Mapping[str, Any], targets: Collection[str]) -> Rule | None:
        where = f"rule {name}"
        before = len(self._wrong)
        self._check_name(where, name)
        self._check_keys(where, table, _RULE_KEYS)
        if "when" not in table:
            self._complain(f"{where} has no when, the condition on which it fires")
        key = self._keys(where, table)
        when = key("when", None, values.conditions(("record", "event")))
        on_events = when is not None and bool(when.event_fields)
        settle = values.conditions(("record", "then"))
        won, lost, void = (key(one, None, settle) for one in ("won", "lost", "void"))
        rule = {
            "once": key("once", "match", values.once),
            "for_s": key("for", 0.0, lambda value: values.lasting(value, on_events=on_events)),
            "price": key("price", None, values.price),
            "say": key("say", DEFAULT_SAY, lambda value: values.template(value, on_events=on_events)),
            "to": key("to", (), lambda value: values.targets(value, targets)),
        }
        orphans = [one for one in ("lost", "void", "price") if one in table and "won" not in table]
        if orphans:
            self._complain(f"{where}, {orphans[0]}: there is no outcome without won")
        if when is None or len(self._wrong) > before:
            return None
        return Rule(name, when, won=won, lost=lost, void=void, **cast("Any", rule))

    # Targets.

    def _target(self, name: str, table: Mapping[str, Any]) -> Target | None:
        where = f"target {name}"
        before = len(self._wrong)
        self._check_name(where, name)
        kinds = [kind for kind in _TARGET_KEYS if kind in table or f"{kind}_file" in table]
        if len(kinds) != 1:
            self._complain(f"{where} takes one of notify, webhook, command and sink")
            return None
        [kind] = kinds
        self._check_keys(where, table, _TARGET_KEYS[kind])
        key = self._keys(where, table)
        target = Target(
            name,
            cast("Any", kind),
            url=self._secret(key, where, kind, table, values.url(kind))
            if kind in {"notify", "webhook"}
            else "",
            secret="" if kind != "webhook" else self._secret(key, where, "secret", table, values.signing_key),
            command=key("command", (), values.command),
            sink=key("sink", "", values.sink),
            settings=self._settings(key),
            events=key("events", None if kind in {"webhook", "sink"} else ("alert",), values.events),
            max_age_s=key("max_age", MAX_AGE_S, values.seconds),
            timeout_s=key("timeout", TIMEOUT_S, values.seconds),
        )
        return None if len(self._wrong) > before else target

    def _secret(
        self,
        key: Callable[[str, Any, Callable[[Any], Any]], Any],
        where: str,
        name: str,
        table: Mapping[str, Any],
        check: Callable[[Any], str],
    ) -> str:
        """Return a value that is written here, or in a file that is named here; it is redacted everywhere."""
        in_file = f"{name}_file"
        if (name in table) == (in_file in table):
            self._complain(f"{where} takes {name}, or {in_file} with the path of a file that has it")
            return ""
        value: str = (
            key(name, "", check) if name in table else key(in_file, "", lambda path: check(self._from(path)))
        )
        if value:
            self._secrets += [value] if name == "secret" else values.secrets_in(value)
        return value

    def _settings(self, key: Callable[[str, Any, Callable[[Any], Any]], Any]) -> str:
        """Return the settings of a third-party sink; texts in them are redacted, but for words and paths."""
        settings: str = key("settings", "{}", values.settings)
        for text in values.texts(msgspec.json.decode(settings)):
            self._secrets += values.secrets_in_text(text)
        return settings

    def _from(self, path: Any) -> str:
        if not isinstance(path, str):
            raise WrongError("takes the path of a file")
        try:
            content, _ = _regular(self._path.parent / Path(path).expanduser(), LARGEST_SECRET)
            return content.decode().strip()
        except UnicodeDecodeError:
            why = "it is no text"
        except OSError as error:
            why = str(error.strerror)
        except (ValueError, RuntimeError) as error:  # it is no file, or of a user that there is not
            why = str(error)
        raise WrongError(f"the file cannot be read ({why})")

    # Both.

    def _check_name(self, where: str, name: str) -> None:
        if not NAME.fullmatch(name):
            self._complain(f"{where}: a name has 1 to 24 of a to z, 0 to 9 and -")

    def _check_keys(self, where: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        for name in table:
            if name not in known:
                self._complain(f"{where}: {name} is no key; {near(name, known)}")

    def _keys(self, where: str, table: Mapping[str, Any]) -> Callable[[str, Any, Callable[[Any], Any]], Any]:
        """Return a function that reads a key, or its default if it is absent or wrong."""

        def key(name: str, default: Any, read: Callable[[Any], Any]) -> Any:
            if name not in table:
                return default
            try:
                return read(table[name])
            except (WrongError, ConditionError) as wrong:
                self._complain(f"{where}, {name}: {wrong}")
                return default

        return key
