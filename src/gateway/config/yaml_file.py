"""A YAML file, read with the line of every key, so that a complaint can name it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from gateway.errors import ConfigError

Place: TypeAlias = tuple[str | int, ...]
"""Keys and list positions that lead to a value."""
_DEEPEST = 50
_TAGS = "tags (!..) are not allowed"


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file says and where: `lines` counts from 1."""

    path: Path
    content: dict[str, object]
    lines: dict[Place, int]

    def line(self, place: Place) -> int | None:
        """The line of that key or of the nearest one above it; None: the file has neither."""
        while place:
            if place in self.lines:
                return self.lines[place]
            place = place[:-1]
        return None


def read_yaml(path: Path) -> YamlFile:
    """What the file says, or a ConfigError that names file and line."""
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_describe(error)}") from error
    if node is None:
        raise ConfigError(f"{path}: the file is empty; it needs at least `provider` and `sites`")
    return _read_node(path, loader, node)


def _read_node(path: Path, loader: yaml.SafeLoader, node: yaml.Node) -> YamlFile:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{path}:{_line(node)}: expected keys such as `provider:` and `sites:`")
    _refuse_loops(path, node, ())
    _refuse_repeats(path, node)
    lines = dict(_places(node, ()))
    try:
        content = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_describe(error)}") from error
    return YamlFile(path, {str(key): value for key, value in content.items()}, lines)


def _refuse_loops(path: Path, node: yaml.Node, above: tuple[yaml.Node, ...]) -> None:
    """Also keys that are no text: neither a list nor a section can be one."""
    if any(node is one for one in above):
        raise ConfigError(f"{path}:{_line(node)}: a part of the file contains itself (&.., *..)")
    if len(above) == _DEEPEST:
        raise ConfigError(f"{path}:{_line(node)}: lists and sections are nested too deeply")
    if not isinstance(node, yaml.CollectionNode):
        return
    for item in node.value:
        key, value = item if isinstance(node, yaml.MappingNode) else (None, item)
        if key is not None and not _is_name(key):
            raise ConfigError(f"{path}:{_line(key)}: keys are names, such as `provider`")
        _refuse_loops(path, value, (*above, node))


def _is_name(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and bool(key.value)


def _refuse_repeats(path: Path, node: yaml.MappingNode) -> None:
    seen: dict[str, int] = {}
    for key, value in node.value:
        if key.value in seen:
            raise ConfigError(
                f"{path}:{_line(key)}: the key {key.value!r} stands here and in line "
                f"{seen[key.value]}; once is allowed"
            )
        seen[key.value] = _line(key)
        for inner in (value, *(value.value if isinstance(value, yaml.SequenceNode) else ())):
            if isinstance(inner, yaml.MappingNode) and inner is not node:
                _refuse_repeats(path, inner)


def _places(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                yield (*place, key.value), _line(key)
                yield from _places(value, (*place, key.value))
        case yaml.SequenceNode():
            for position, item in enumerate(node.value):
                yield (*place, position), _line(item)
                yield from _places(item, (*place, position))
        case _:
            return


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _describe(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        about = error.problem or "cannot be read"
        if isinstance(error, yaml.constructor.ConstructorError):
            about = _TAGS if "constructor for the tag" in about else about
        return f":{error.problem_mark.line + 1}: not YAML: {about}"
    return f": not YAML: {str(error).splitlines()[0]}"
