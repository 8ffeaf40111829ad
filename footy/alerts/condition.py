"""Conditions: expressions over fields, checked when they are read, that are true, false or unknown.

A condition is written as Python writes expressions, parsed by Python's own parser, and made of the few nodes
listed here; anything else is refused, and nothing is ever executed as Python. A comparison with an unknown
field is unknown (None); `and`, `or` and `not` follow Kleene's logic, so that `unknown or true` is true. Only
`field == null` asks whether a field is known.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from footy.alerts.fields import EVENT, EVENTS, RECORD, Field, Kind, near
from footy.alerts.logic import (
    Run,
    Scene,
    Scope,
    all_of,
    any_of,
    comparison,
    comparison_with,
    computed,
    getter,
    is_null,
    negation,
)
from footy.plain_text import shown

LONGEST = 1000
"""Maximum length of a condition; also limits the size of computed numbers."""
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"abs": abs, "min": min, "max": max}
_WORDS: Mapping[str, str] = {"number": "a number", "text": "a text", "flag": "a flag", "list": "a list"}
_INSTEAD: tuple[tuple[str, str], ...] = (
    ("=~", "regular expressions are not available; compare texts with == or in"),
    ("!~", "regular expressions are not available; compare texts with != or not in"),
    ("&&", "write and"),
    ("||", "write or"),
)
"""Operators of other languages that are not valid here, and their replacement."""


class ConditionError(ValueError):
    """A condition is wrong; its text is a clause that names the offending term."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that has been checked."""

    source: str
    run: Run = field(compare=False, repr=False)
    """Returns True, False, or None for unknown."""
    terms: "tuple[Condition, ...]" = field(compare=False, repr=False)
    """The conditions that all have to be true; or itself if there is only one."""
    fields: frozenset[str]
    """The fields of the record that it names."""
    event_fields: frozenset[str]
    then_fields: frozenset[str]
    kinds: frozenset[str] | None = None
    """Event types for which it can be true; None if any."""

    def refusal(self, scene: Scene) -> str | None:
        """Return the first term that is not true, and the values in it; None if all are."""
        for term in self.terms:
            outcome = term.run(scene)
            if outcome is not True:
                return f"{term.source} is {'unknown' if outcome is None else 'false'} ({term.values(scene)})"
        return None

    def values(self, scene: Scene) -> str:
        """Return the fields that it names, with their values."""
        named = [(name, scene.record.get(name)) for name in sorted(self.fields)]
        named += [(name, scene.event.get(name)) for name in sorted(self.event_fields)]
        named += [(f"then.{name}", scene.then.get(name)) for name in sorted(self.then_fields)]
        return ", ".join(f"{name} is {shown(value)}" for name, value in named)


def condition(source: str, scopes: Sequence[Scope] = ("record", "event")) -> Condition:
    """Read a condition.

    Args:
        source: The expression.
        scopes: Whose fields it may name: of the record, of events, and with `then.` of the record when the
            alert fired.

    Raises:
        ConditionError: It cannot be used; the error's text says why.
    """
    try:
        return _Reader(source, scopes).condition()
    except RecursionError:
        raise ConditionError("it is nested too deeply") from None


class _Term(NamedTuple):
    """A part of a condition: what it yields, and how it is computed."""

    kind: Kind | Literal["null"]
    run: Run
    constants: tuple[Any, ...] | None = None
    """Its value, if it is written in the condition."""
    field: Field | None = None
    name: str = ""


class _Reader:
    """Reads one condition: each node becomes a function of the scene."""

    def __init__(self, source: str, scopes: Sequence[Scope]) -> None:
        self._source = source
        self._scopes = scopes
        self._names: dict[Scope, set[str]] = {"record": set(), "event": set(), "then": set()}

    def condition(self) -> Condition:
        tree = self._parsed()
        nodes = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
        terms = tuple(self._condition(node) for node in nodes)
        whole = Condition(
            self._source,
            terms[0].run if len(terms) == 1 else all_of([term.run for term in terms]),
            terms,
            frozenset().union(*(term.fields for term in terms)),
            frozenset().union(*(term.event_fields for term in terms)),
            frozenset().union(*(term.then_fields for term in terms)),
        )
        if not (whole.fields or whole.event_fields):
            raise ConditionError("it names no field")
        if "event" not in whole.event_fields:
            return whole
        kinds = frozenset(
            kind for kind in EVENTS if whole.run(Scene({}, {"event": kind}, is_open=True)) is not False
        )
        _check_events(kinds, whole.event_fields - {"event"})
        return replace(whole, kinds=kinds if len(kinds) < len(EVENTS) else None)

    def _parsed(self) -> ast.expr:
        text = " ".join(self._source.split())
        if not text:
            raise ConditionError("it is empty")
        if len(text) > LONGEST:
            raise ConditionError(f"it has more than {LONGEST} characters")
        self._source = text
        for sign, instead in _INSTEAD:
            if sign in _without_texts(text):
                raise ConditionError(f"{sign} cannot be used: {instead}")
        try:
            return ast.parse(text, mode="eval").body
        except SyntaxError as error:
            at = max(0, (error.offset or 1) - 1)
            near = text[at : at + 20].strip()
            hint = ": write == to compare" if near.startswith("=") or "'=='" in str(error.msg) else ""
            raise ConditionError(
                f"it cannot be read {f'at {near}' if near else 'to its end'}{hint}"
            ) from None
        except (ValueError, RecursionError, MemoryError):
            raise ConditionError("it cannot be read") from None

    def _condition(self, node: ast.expr) -> Condition:
        outer, self._names = self._names, {"record": set(), "event": set(), "then": set()}
        run = self._flag(node).run
        names, self._names = self._names, outer
        found = Condition(
            self._text(node),
            run,
            (),
            frozenset(names["record"]),
            frozenset(names["event"]),
            frozenset(names["then"]),
        )
        object.__setattr__(found, "terms", (found,))
        return found

    def _text(self, node: ast.AST) -> str:
        return ast.get_source_segment(self._source, node) or ast.unparse(node)

    def _term(self, node: ast.expr) -> _Term:  # noqa: C901, PLR0911 - a case for each kind of node
        match node:
            case ast.BoolOp(op=op, values=values):
                runs = [self._flag(one).run for one in values]
                return _Term("flag", all_of(runs) if isinstance(op, ast.And) else any_of(runs))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Term("flag", negation(self._flag(operand).run))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._computed(operator.neg, [operand])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._computed(_ARITHMETIC[type(op)], [left, right])
            case ast.Call(func=ast.Name(id=name), args=[_, *_] as given, keywords=[]) if name in _FUNCTIONS:
                if (name == "abs") != (len(given) == 1):
                    raise ConditionError(f"{self._text(node)}: {name} takes {_takes(name)}")
                return self._computed(_FUNCTIONS[name], given)
            case ast.Compare():
                return self._compared(node)
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return _constant(value)
            case ast.Name(id=name):
                return _constant(_CONSTANTS[name]) if name in _CONSTANTS else self._field(name)
            case ast.Attribute() if (dotted := _dotted(node)) is not None:
                return self._field(dotted)
        raise ConditionError(f"{self._text(node)} cannot be used in a condition")

    def _flag(self, node: ast.expr) -> _Term:
        term = self._term(node)
        if term.kind != "flag":
            raise ConditionError(
                f"{self._text(node)} is {_WORDS.get(term.kind, 'null')}, which is neither true nor false"
            )
        return term

    def _computed(self, of: Callable[..., Any], nodes: Sequence[ast.expr]) -> _Term:
        runs = []
        for node in nodes:
            term = self._term(node)
            if term.kind != "number":
                raise ConditionError(
                    f"{self._text(node)} is {_WORDS.get(term.kind, 'null')}, and only numbers can be computed"
                )
            runs.append(term.run)
        return _Term("number", computed(of, runs))

    def _compared(self, node: ast.Compare) -> _Term:
        """Read comparisons; `1 < a < 3` is `1 < a and a < 3`."""
        lefts = [node.left, *node.comparators[:-1]]
        runs = [
            self._pair(left, op, right)
            for left, op, right in zip(lefts, node.ops, node.comparators, strict=True)
        ]
        return _Term("flag", runs[0] if len(runs) == 1 else all_of(runs))

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Run:
        text = f"{self._text(left)} {_sign(op)} {self._text(right)}"
        if isinstance(op, ast.In | ast.NotIn):
            run = self._contained(left, right, text)
            return negation(run) if isinstance(op, ast.NotIn) else run
        if isinstance(op, ast.Is | ast.IsNot):
            raise ConditionError(f"{text}: write {'!=' if isinstance(op, ast.IsNot) else '=='}")
        one, other = self._term(left), self._term(right)
        if "null" in {one.kind, other.kind}:
            return self._known(one, op, other, text)
        self._check_kinds(one, other, text)
        if not isinstance(op, ast.Eq | ast.NotEq) and one.kind == "flag":
            raise ConditionError(f"{text}: true and false cannot be ordered")
        return _comparison(_COMPARISONS[type(op)], one, other)

    def _known(self, one: _Term, op: ast.cmpop, other: _Term, text: str) -> Run:
        term = other if one.kind == "null" else one
        if not isinstance(op, ast.Eq | ast.NotEq) or term.field is None:
            raise ConditionError(f"{text}: only a field can be compared with null, by == or !=")
        return is_null(term.run) if isinstance(op, ast.Eq) else negation(is_null(term.run))

    def _contained(self, left: ast.expr, right: ast.expr, text: str) -> Run:
        member = self._term(left)
        if not isinstance(right, ast.Tuple | ast.List | ast.Set):
            container = self._term(right)
            if (member.kind, container.kind) != ("text", "text"):
                raise ConditionError(
                    f'{text}: in takes a list such as ("England", "Spain"), or a text to search in'
                )
            return _comparison(lambda part, whole: part in whole, member, container)
        choices = [self._term(one) for one in right.elts]
        if not choices:
            raise ConditionError(f"{text}: the list needs at least one value")
        for node, choice in zip(right.elts, choices, strict=True):
            if choice.constants is None or choice.kind == "null":
                raise ConditionError(f"{text}: the list takes numbers and texts, not {self._text(node)}")
            self._check_kinds(member, choice, text)
        values = tuple(choice.constants[0] for choice in choices if choice.constants)
        return comparison_with(lambda value, among: value in among, member.run, values)

    def _check_kinds(self, one: _Term, other: _Term, text: str) -> None:
        """Check that two terms can be equal: of one kind, and a value that the field can have."""
        if one.kind != other.kind:
            raise ConditionError(f"{text} compares {_words(one)} with {_words(other)}{_hint(one, other)}")
        if one.kind == "list":
            raise ConditionError(f"{text}: {one.name or other.name} is a list; what happened is in events")
        for term, value in ((one, other), (other, one)):
            if term.field is None or not term.field.values or not value.constants:
                continue
            if value.constants[0] not in term.field.values:
                known = term.field.values
                raise ConditionError(
                    f"{text}: {term.name} is never {value.constants[0]!r}; {near(value.constants[0], known)}"
                )

    def _field(self, name: str) -> _Term:
        scope: Scope
        if name.startswith("then.") and "then" in self._scopes:
            scope, own, known = "then", name.removeprefix("then."), RECORD
        elif name in RECORD:
            scope, own, known = "record", name, RECORD
        else:
            scope, own, known = "event", name, EVENT
        if own in known and scope not in self._scopes:
            raise ConditionError(f"{name} is a field of events, and only the key when may use those")
        if own not in known:
            every = [*RECORD, *(EVENT if "event" in self._scopes else ())]
            raise ConditionError(f"{name} is not a field (texts need quotation marks); {near(own, every)}")
        if known[own].kind == "list":
            raise ConditionError(f"{name} is a list; what happened is in events")
        self._names[scope].add(own)
        return _Term(known[own].kind, getter(scope, own), None, known[own], name)


def _check_events(kinds: frozenset[str], named: frozenset[str]) -> None:
    """Check that an event of the rule's types can have each field."""
    if not kinds:
        raise ConditionError("no event makes it true")
    for name in sorted(named):
        if not any(name in EVENTS[kind] for kind in kinds):
            raise ConditionError(f"an event {' or '.join(sorted(kinds))} has no {name}")


def _comparison(of: Callable[[Any, Any], bool], one: _Term, other: _Term) -> Run:
    if other.constants is not None:
        return comparison_with(of, one.run, other.constants[0])
    return comparison(of, one.run, other.run)


def _without_texts(source: str) -> str:
    """Return a condition without the texts in quotation marks."""
    kept, quote = [], ""
    for character in source:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            kept.append(character)
    return "".join(kept)


def _constant(value: Any) -> _Term:
    kind: Any = "text" if isinstance(value, str) else "number"
    if value is None or isinstance(value, bool):
        kind = "null" if value is None else "flag"
    return _Term(kind, lambda _scene: value, (value,), None, shown(value) if kind != "null" else "null")


def _dotted(node: ast.expr) -> str | None:
    """Return `a.b.c`; None if it is something else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _sign(op: ast.cmpop) -> str:
    return ast.unparse(ast.Compare(ast.Name("a"), [op], [ast.Name("b")]))[2:-2]


def _takes(name: str) -> str:
    return "one number" if name == "abs" else "two numbers or more"


def _words(term: _Term) -> str:
    if term.kind == "null":
        return "null"
    return f"{_WORDS[term.kind]} ({term.name})" if term.name else _WORDS[term.kind]


def _hint(one: _Term, other: _Term) -> str:
    """Suggest the numeric field if a text field was compared with a number."""
    for term, value in ((one, other), (other, one)):
        as_number = f"{term.name}_id"
        if term.kind == "text" and value.kind == "number" and as_number in RECORD:
            return f"; the number is {as_number}" if RECORD[as_number].kind == "number" else ""
    return ""
