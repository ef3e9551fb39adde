"""Checks requests against botocore's service models.

Reads JSON lines {"serviceId", "operation", "input"} on standard input; writes one JSON line per violation:
{"line": N (from 1), "service", "operation", "problem"}. Checked are: known service and operation, required and unknown
members, types, enums, lengths and ranges, patterns, unions (exactly one member). Values that JSON lacks come as
{"$date": ISO}, {"$blob": bytes}, {"$stream": true}.
"""

import functools
import json
import re
import sys

import botocore.session
from botocore.utils import CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES as OVERRIDES

SESSION = botocore.session.get_session()
CLIENT_NAMES = {hyphenized: name for name, hyphenized in OVERRIDES.items()}
SCALARS = {
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
}
# What the models' (Java's) regular expressions have and Python's have not, longest first.
JAVA_CLASSES = [
    (r"\p{L}\p{M}\p{Z}\p{N}\p{P}", r"\s\S"),
    (r"\p{L}\p{Z}\p{N}", r"\w\s"),
    (r"\p{IsAlphabetic}", r"^\W\d_"),
    (r"\p{IsLetter}", r"^\W\d_"),
    (r"\p{ASCII}", r"\x00-\x7f"),
    (r"\p{Alnum}", r"A-Za-z0-9"),
    (r"\p{Print}", r"\x20-\x7e"),
    (r"\p{Graph}", r"\x21-\x7e"),
    (r"\p{XDigit}", r"0-9A-Fa-f"),
    (r"\p{L}", r"^\W\d_"),
    (r"\p{Z}", r"\s"),
    (r"\p{N}", r"\d"),
    (r"\p{M}", r""),
    (r"\P{M}", r"\S"),
    (r"\p{P}", r"!-/:-@\[-`{-~"),
    (r"[\w-", r"[\w\-"),
]


@functools.cache
def model(service_id):
    name = service_id.lower().replace(" ", "-")
    return SESSION.get_service_model(CLIENT_NAMES.get(name, name))


@functools.cache
def pattern(java):
    """The compiled pattern, or None where it cannot be said in Python: such a string is not checked."""
    for there, here in JAVA_CLASSES:
        java = java.replace(there, here)
    try:
        return re.compile(java, re.DOTALL)
    except re.error:
        return None


def check(shape, value, path, found):
    kind = shape.type_name
    if kind == "structure":
        check_structure(shape, value, path, found)
    elif kind == "list":
        if not isinstance(value, list):
            found.append(f"{path}: not a list")
            return
        check_size(shape, len(value), path, "length", found)
        for index, item in enumerate(value):
            check(shape.member, item, f"{path}[{index}]", found)
    elif kind == "map":
        if not isinstance(value, dict):
            found.append(f"{path}: not a map")
            return
        check_size(shape, len(value), path, "size", found)
        for key, item in value.items():
            check(shape.key, key, f"{path}.{key} (key)", found)
            check(shape.value, item, f"{path}.{key}", found)
    elif kind == "blob":
        check_blob(shape, value, path, found)
    elif kind == "timestamp":
        if not isinstance(value, dict) or "$date" not in value:
            found.append(f"{path}: not a date")
    else:
        check_scalar(shape, value, path, found)


def check_structure(shape, value, path, found):
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, dict):
        found.append(f"{path}: not a structure")
        return
    for name in shape.required_members:
        if value.get(name) is None:
            found.append(f"{path}.{name}: required and missing")
    for name, item in value.items():
        if name not in shape.members:
            found.append(f"{path}.{name}: unknown member")
        elif item is not None:
            check(shape.members[name], item, f"{path}.{name}", found)
    if getattr(shape, "is_tagged_union", False):
        count = sum(item is not None for item in value.values())
        if count != 1:
            found.append(f"{path}: a union with {count} members instead of one")


def check_blob(shape, value, path, found):
    if isinstance(value, str):
        check_size(shape, len(value.encode()), path, "length", found)
    elif isinstance(value, dict) and "$blob" in value:
        check_size(shape, value["$blob"], path, "length", found)
    elif not (isinstance(value, dict) and "$stream" in value):
        found.append(f"{path}: not bytes")


def check_scalar(shape, value, path, found):
    kind = shape.type_name
    if not isinstance(value, SCALARS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        found.append(f"{path}: {json.dumps(value)} is not a {kind}")
        return
    if kind == "boolean":
        return
    if kind not in ("string", "character"):
        check_size(shape, value, path, "value", found)
        return
    check_size(shape, len(value), path, "length", found)
    if shape.enum and value not in shape.enum:
        found.append(f"{path}: {json.dumps(value)} is none of {', '.join(shape.enum[:12])}")
    java = shape.metadata.get("pattern")
    # Most services look for the pattern anywhere unless it is anchored; the SDKs' models mean the whole value.
    if java and (compiled := pattern(java)) and not compiled.fullmatch(value):
        found.append(f"{path}: {json.dumps(value[:80])} does not match {java[:80]}")


def check_size(shape, size, path, what, found):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        found.append(f"{path}: {what} {size} is below {least}")
    if most is not None and size > most:
        found.append(f"{path}: {what} {size} is above {most}")


def problems(request):
    found = []
    try:
        shape = model(request["serviceId"]).operation_model(request["operation"]).input_shape
    except Exception as error:  # an unknown service or operation has an error of its own for each
        return [f"{type(error).__name__}: {error}"]
    if shape is None:
        return ["takes no input"] if request["input"] else []
    check(shape, request["input"], request["operation"], found)
    return found


def main():
    for number, line in enumerate(sys.stdin, 1):
        request = json.loads(line)
        for problem in problems(request):
            print(
                json.dumps(
                    {
                        "line": number,
                        "service": request["serviceId"],
                        "operation": request["operation"],
                        "problem": problem,
                    }
                )
            )


main()
