"""Bodies of the right shape that say something odd.

Each function takes the decoded body and returns what to send instead, and the places it touched: ids of
matches, or dotted paths. It may change the body it was given.
"""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import unquote_plus

Changed = tuple[Any, list[str]]
_OTHER_TYPES: tuple[Any, ...] = (None, "text", 7, 2.5, True, [], {})


def wrong_type(body: Any, random: Random, argument: str) -> Changed:
    """So many fields anywhere inside results get a value of another type."""
    touched = []
    for _ in range(int(float(argument))):
        path: list[Any] = ["results"]
        container, value = body, body.get("results")
        while isinstance(value, list | dict) and value and (len(path) < 3 or random.random() > 0.15):
            key = random.choice(range(len(value)) if isinstance(value, list) else list(value))
            container, value = value, value[key]
            path.append(key)
        others = [other for other in _OTHER_TYPES if type(other) is not type(value)]
        container[path[-1]] = copy.copy(random.choice(others))
        touched.append(".".join(map(str, path)))
    return body, touched


def echo_field(body: Any, random: Random, argument: str) -> Changed:
    """One name or note, never an id, is what was asked, as it came and in plain."""
    texts = list(_texts(body.get("results"), ("results",)))
    if not texts:
        return body, []
    element, key, path = random.choice(texts)
    element[key] = f"{argument} ({unquote_plus(argument)})"
    return body, [".".join(map(str, path))]


def _texts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[dict[str, Any], str, tuple[Any, ...]]]:
    """Every text in an object but ids: the object, the key and the place."""
    if isinstance(value, list | dict):
        places: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in places:
            if not isinstance(inner, str):
                yield from _texts(inner, (*path, key))
            elif isinstance(value, dict) and not key.endswith("id"):
                yield value, key, (*path, key)


def unknown_status(body: Any, random: Random, argument: str) -> Changed:
    """One match has a status that no table knows."""
    return _one_match(body, random, lambda match: _set_status(match, int(float(argument))))


def unknown_incident(body: Any, random: Random, argument: str) -> Changed:
    """One match has an incident of a type that no table knows."""
    incident = {"type": int(float(argument)), "position": 1, "time": 30}
    return _one_match(body, random, lambda match: match["incidents"].append(incident))


def unknown_bookmaker(body: Any, random: Random, argument: str) -> Changed:
    """A company that no table knows offers what another one offers."""
    del random
    results = body["results"]
    if results:
        results[argument] = copy.deepcopy(next(iter(results.values())))
    return body, [f"results.{argument}"] if results else []


def duplicate(body: Any, random: Random, argument: str) -> Changed:
    """So many matches are in the list a second time."""
    results = body["results"]
    again = random.sample(results, min(int(float(argument)), len(results)))
    results.extend(copy.deepcopy(again))
    return body, [match["id"] for match in again]


def empty_list(body: Any, random: Random, argument: str) -> Changed:
    """No match is in the list."""
    del random, argument
    touched = [match["id"] for match in body["results"]]
    return body | {"results": []}, touched


def clock_jump(body: Any, random: Random, argument: str) -> Changed:
    """Every period started so many seconds later, or earlier."""
    seconds = int(float(argument)) * random.choice((1, -1))
    touched = []
    for match in body["results"]:
        if match["score"][4]:
            match["score"][4] += seconds
            touched.append(match["id"])
    return body, touched


def unknown_uuid(body: Any, random: Random, argument: str) -> Changed:
    """What was asked for by id is not there. Other questions are answered as ever."""
    del random, argument
    if isinstance(body.get("results"), dict):
        return body | {"results": {}}, []
    query = body.get("query", {})
    if query.get("type") != "uuid":
        return body, []
    return body | {"query": query | {"total": 0}, "results": []}, [query["uuid"]]


def _one_match(body: Any, random: Random, change: Any) -> Changed:
    results = body.get("results")
    if not results:
        return body, []
    match = random.choice(results)
    change(match)
    return body, [match["id"]]


def _set_status(match: dict[str, Any], status: int) -> None:
    if "score" in match:
        match["score"][1] = status
    else:
        match["status_id"] = status
