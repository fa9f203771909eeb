"""From a path to a `Config`: file and environment together, all that is wrong in one error."""

import os
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError

from gateway.config.complaints import complaints, keys_of
from gateway.config.environment import unreadable_variables, useless_variables
from gateway.config.settings import Config
from gateway.config.yaml_file import YamlFile, read_yaml
from gateway.errors import ConfigError

CONFIG_VARIABLE = "GATEWAY_CONFIG"
_PATH_KEYS = ("token_file", "ca_file")


def load_config(path: Path | None = None) -> Config:
    """The configuration in that file (or in `$GATEWAY_CONFIG`) and the environment."""
    path = path or path_from_environment()
    file = read_yaml(path) if path else None
    wrong = (*_keys_in_capitals(file), *useless_variables(os.environ))
    try:
        config = Config(**_content(file))  # type: ignore[arg-type]  # checked by pydantic, not here
    except ValidationError as error:
        wrong = (*complaints(error, file), *wrong)
    except SettingsError:
        wrong = (*unreadable_variables(os.environ), *wrong)
    if wrong:
        raise ConfigError(_one_message(wrong, file))
    return config


def path_from_environment() -> Path | None:
    """The file that `$GATEWAY_CONFIG` names, if it does."""
    name = os.environ.get(CONFIG_VARIABLE)
    return Path(name) if name else None


def _content(file: YamlFile | None) -> dict[str, object]:
    """The file's content, with paths of files taken from where the configuration lies."""
    if file is None:
        return {}
    sites = file.content.get("sites")
    if not isinstance(sites, list):
        return file.content
    return {**file.content, "sites": [_absolute(site, file.path.parent) for site in sites]}


def _keys_in_capitals(file: YamlFile | None) -> tuple[str, ...]:
    """Sections that pydantic would take, since it knows variables in any case."""
    if file is None:
        return ()
    known = keys_of(Config)
    return tuple(
        f"{file.path}:{file.line((key,))}: {key}: keys are in lower case: {key.lower()!r}"
        for key in file.content
        if key not in known and key.lower() in known
    )


def _absolute(site: object, folder: Path) -> object:
    if not isinstance(site, dict):
        return site
    paths = {key: site[key] for key in _PATH_KEYS if isinstance(site.get(key), str)}
    return {**site, **{key: str(folder / path) for key, path in paths.items()}}


def _one_message(wrong: tuple[str, ...], file: YamlFile | None) -> str:
    if file is None:
        wrong = (
            *wrong,
            f"no file was given: use --config FILE or the environment variable {CONFIG_VARIABLE}",
        )
    return "\n".join(wrong)
