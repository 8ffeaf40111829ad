"""Bodies of the right shape with wrong values.

Each function takes the decoded body. It returns the body to send and the changed places: ids of matches, or
dotted paths. It may change the given body.
"""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import unquote_plus

Changed = tuple[Any, list[str]]
_OTHER_TYPES: tuple[Any, ...] = (None, "text", 7, 2.5, True, [], {})


def wrong_type(body: Any, random: Random, argument: str) -> Changed:
    """Change the type of `argument` fields anywhere inside results."""
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
    """Replace one name or note, never an id, by the request, as received and decoded."""
    texts = list(_texts(body.get("results"), ("results",)))
    if not texts:
        return body, []
    element, key, path = random.choice(texts)
    element[key] = f"{argument} ({unquote_plus(argument)})"
    return body, [".".join(map(str, path))]


def _texts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[dict[str, Any], str, tuple[Any, ...]]]:
    """Yield every text of an object except ids: the object, the key and the path."""
    if isinstance(value, list | dict):
        places: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in places:
            if not isinstance(inner, str):
                yield from _texts(inner, (*path, key))
            elif isinstance(value, dict) and not key.endswith("id"):
                yield value, key, (*path, key)


def unknown_status(body: Any, random: Random, argument: str) -> Changed:
    """Set the status of one match to an unknown one."""
    return _one_match(body, random, lambda match: _set_status(match, int(float(argument))))


def unknown_incident(body: Any, random: Random, argument: str) -> Changed:
    """Add an incident of an unknown type to one match."""
    incident = {"type": int(float(argument)), "position": 1, "time": 30}
    return _one_match(body, random, lambda match: match["incidents"].append(incident))


def unknown_bookmaker(body: Any, random: Random, argument: str) -> Changed:
    """Add the odds of an unknown company, copied from another company."""
    del random
    results = body["results"]
    if results:
        results[argument] = copy.deepcopy(next(iter(results.values())))
    return body, [f"results.{argument}"] if results else []


def duplicate(body: Any, random: Random, argument: str) -> Changed:
    """Add `argument` matches to the list a second time."""
    results = body["results"]
    again = random.sample(results, min(int(float(argument)), len(results)))
    results.extend(copy.deepcopy(again))
    return body, [match["id"] for match in again]


def empty_list(body: Any, random: Random, argument: str) -> Changed:
    """Remove all matches from the list."""
    del random, argument
    touched = [match["id"] for match in body["results"]]
    return body | {"results": []}, touched


def clock_jump(body: Any, random: Random, argument: str) -> Changed:
    """Move the start of every period by `argument` seconds, ahead or back."""
    seconds = int(float(argument)) * random.choice((1, -1))
    touched = []
    for match in body["results"]:
        if match["score"][4]:
            match["score"][4] += seconds
            touched.append(match["id"])
    return body, touched


def unknown_uuid(body: Any, random: Random, argument: str) -> Changed:
    """Remove the row of a request by id; leave other requests unchanged."""
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
