"""What is wrong with a configuration, in sentences that name the place and what is allowed."""

import difflib
import json
import os
from contextlib import suppress
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.config.settings import Config
from gateway.config.wording import shown, what_is_wrong
from gateway.config.yaml_file import Place, YamlFile

ENV_PREFIX = "GATEWAY_"


def complaints(error: ValidationError, file: YamlFile | None) -> tuple[str, ...]:
    """One sentence per thing that is wrong, each beginning with where it is."""
    found = error.errors(include_url=False)
    if file is not None:
        found.sort(key=lambda detail: file.line(detail["loc"]) or 0)
    return tuple(
        f"{_where(detail['loc'], file)}: {_name(detail['loc'])}{_what(detail)}" for detail in found
    )


def _where(place: Place, file: YamlFile | None) -> str:
    given = {name.upper() for name in os.environ}
    for end in range(len(place), 0, -1):
        variable = ENV_PREFIX + "__".join(str(part) for part in place[:end]).upper()
        if variable in given and (end == len(place) or _is_in(variable, place[end:])):
            return f"environment variable {variable}"
    if file is None:
        return "configuration"
    line = file.line(place)
    return f"{file.path}:{line}" if line else str(file.path)


def _is_in(variable: str, place: Place) -> bool:
    """Whether what is wrong at that place comes from the variable's JSON: sections of the file and
    of the environment are put together, lists are not."""
    text = next(value for name, value in os.environ.items() if name.upper() == variable)
    with suppress(ValueError):
        found = json.loads(text)
        return isinstance(found, list) or (isinstance(found, dict) and place[0] in found)
    return True  # a list with commas


def _name(place: Place) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""


def _what(detail: ErrorDetails) -> str:
    place = detail["loc"]
    match detail["type"]:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            key = str(place[-1])
            return f"there is no key {key!r}{allowed(key, keys_of(model_at(place[:-1])))}"
        case "model_type" | "model_attributes_type":
            keys = ", ".join(keys_of(model_at(place)))
            return f"expected the keys {keys}, not {shown(detail['input'])}"
        case "tuple_type" if place == ("sites",):
            return (
                "expected a list with one item per site, '- name: ..' with its 'url: ..' below, "
                f"not {shown(detail['input'])}"
            )
        case _:
            return what_is_wrong(detail)


def allowed(wrong: str, keys: tuple[str, ...]) -> str:
    """What may stand in place of a wrong name, the nearest first."""
    near = difflib.get_close_matches(wrong, keys, n=1)
    hint = f"; did you mean {near[0]!r}? Or one of" if near else "; allowed are"
    return f"{hint} {', '.join(keys)}."


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a section."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def model_at(place: Place) -> type[BaseModel]:
    """The model whose keys stand at that place."""
    model: type[BaseModel] = Config
    for part in place:
        if isinstance(part, int):
            continue
        field = next(f for n, f in model.model_fields.items() if part in (n, f.alias))
        inner = [field.annotation, *get_args(field.annotation)]
        model = next(t for t in inner if isinstance(t, type) and issubclass(t, BaseModel))
    return model
