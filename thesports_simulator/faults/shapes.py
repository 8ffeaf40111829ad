"""Bodies of the wrong shape, at every level.

Each function takes the decoded body. It returns the body to send and the changed places as dotted paths. It
may change the given body. If it returns bytes, they are sent unchanged.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

Changed = tuple[Any, list[str]]


def body_list(body: Any, random: Random, argument: str) -> Changed:
    """Return a list with the body in it."""
    del random, argument
    return [body], []


def body_string(body: Any, random: Random, argument: str) -> Changed:
    """Return a text."""
    del body, random, argument
    return "ok", []


def body_null(body: Any, random: Random, argument: str) -> Changed:
    """Return null."""
    del body, random, argument
    return None, []


def body_number(body: Any, random: Random, argument: str) -> Changed:
    """Return a number."""
    del body, random, argument
    return 0, []


def body_broken(body: Any, random: Random, argument: str) -> Changed:
    """Return JSON that stops in the middle, with the matching Content-Length."""
    del random, argument
    text = msgspec.json.encode(body)
    return text[: max(1, len(text) // 2)], []


def code_missing(body: Any, random: Random, argument: str) -> Changed:
    """Remove the code."""
    del random, argument
    return {key: value for key, value in body.items() if key != "code"}, ["code"]


def code_text(body: Any, random: Random, argument: str) -> Changed:
    """Replace the code by a text."""
    del random, argument
    return body | {"code": "0"}, ["code"]


def results_missing(body: Any, random: Random, argument: str) -> Changed:
    """Remove the results."""
    del random, argument
    return {key: value for key, value in body.items() if key != "results"}, ["results"]


def results_null(body: Any, random: Random, argument: str) -> Changed:
    """Replace the results by null."""
    del random, argument
    return body | {"results": None}, ["results"]


def results_string(body: Any, random: Random, argument: str) -> Changed:
    """Replace the results by a text."""
    del random, argument
    return body | {"results": "none"}, ["results"]


def results_swapped(body: Any, random: Random, argument: str) -> Changed:
    """Replace a list of results by an object, or an object by a list."""
    del random, argument
    results = body.get("results")
    other = {str(i): v for i, v in enumerate(results)} if isinstance(results, list) else [results]
    return body | {"results": other}, ["results"]


def results_junk(body: Any, random: Random, argument: str) -> Changed:
    """Replace the elements by values of all types."""
    del random, argument
    junk: list[Any] = [None, 1, 2.5, "text", True, [], {}]
    is_list = isinstance(body.get("results"), list)
    return body | {"results": junk if is_list else {str(i): v for i, v in enumerate(junk)}}, ["results"]


def element_null(body: Any, random: Random, argument: str) -> Changed:
    """Replace one element by null."""
    del argument
    return _element(body, random, lambda _: None)


def element_list(body: Any, random: Random, argument: str) -> Changed:
    """Replace one element by a list of its values."""
    del argument
    return _element(body, random, lambda value: list(value.values()) if isinstance(value, dict) else [value])


def element_string(body: Any, random: Random, argument: str) -> Changed:
    """Replace one element by a text."""
    del argument
    return _element(body, random, lambda _: "element")


def field_missing(body: Any, random: Random, argument: str) -> Changed:
    """Remove one field of one element."""
    del argument

    def without(value: Any) -> Any:
        if isinstance(value, dict) and value:
            del value[random.choice(list(value))]
        return value

    return _element(body, random, without)


def row_object(body: Any, random: Random, argument: str) -> Changed:
    """Replace one list by an object."""
    del argument
    return _row(body, random, lambda row: {str(index): value for index, value in enumerate(row)})


def row_empty(body: Any, random: Random, argument: str) -> Changed:
    """Replace one list by an empty one."""
    del argument
    return _row(body, random, lambda _: [])


def row_short(body: Any, random: Random, argument: str) -> Changed:
    """Remove the last value of one list."""
    del argument
    return _row(body, random, lambda row: row[:-1])


def row_long(body: Any, random: Random, argument: str) -> Changed:
    """Repeat the last value of one list."""
    del argument
    return _row(body, random, lambda row: [*row, row[-1]])


def _element(body: Any, random: Random, change: Callable[[Any], Any]) -> Changed:
    """Change one value directly inside results."""
    results = body.get("results")
    if not results or not isinstance(results, list | dict):
        return body, []
    key = random.choice(range(len(results)) if isinstance(results, list) else list(results))
    results[key] = change(results[key])
    return body, [f"results.{key}"]


def _row(body: Any, random: Random, change: Callable[[list[Any]], Any]) -> Changed:
    """Change one list of plain values anywhere inside results: a score, counters, a row of odds."""
    for _ in range(50):
        path: list[Any] = ["results"]
        container, value = body, body.get("results")
        while isinstance(value, list | dict) and value:
            keys: list[Any] = list(range(len(value))) if isinstance(value, list) else list(value)
            nested = [key for key in keys if isinstance(value[key], list | dict) and value[key]]
            if isinstance(value, list) and len(path) > 1 and (not nested or random.random() < 0.3):
                container[path[-1]] = change(value)
                return body, [".".join(map(str, path))]
            if not nested:
                break
            container, key = value, random.choice(nested)
            value = value[key]
            path.append(key)
    return body, []
