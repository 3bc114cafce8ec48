"""The settings: what there is to set, read from the person's two TOML files, and written to the program's own.

`config.toml` is the person's and only read. `settings.toml` is the program's (`rookery config set`) and overrides it.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rookery_core.budget import Limits
from rookery_core.errors import ConfigError
from rookery_core.paths import Paths

MAX_BYTES = 1_000_000
DEFAULT = "default"


class Section(BaseModel):
    """A table of the config file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, strict=True)


class ModelSettings(Section):
    """The model and how it is sampled."""

    path: str = ""
    """A GGUF file, or the name of one in the models folder. Empty: the first that is found."""
    n_ctx: int = Field(0, ge=0)
    """Tokens of the window. 0: what the model was trained for, at most 8192."""
    n_threads: int = Field(0, ge=0)
    """Threads that write tokens. 0: one, which is the fastest where another program is busy."""
    n_threads_batch: int = Field(0, ge=0)
    """Threads that read the prompt. 0: one for each core, at most 8."""
    temperature: float = Field(0.0, ge=0, le=2)
    """0 takes the most likely token each time; higher is more varied."""
    top_k: int = Field(40, ge=0)
    """Choose among this many tokens; 0 for all. Without effect at temperature 0, as the next two."""
    top_p: float = Field(0.95, gt=0, le=1)
    """Choose among the likeliest tokens that together have this probability."""
    min_p: float = Field(0.05, ge=0, le=1)
    """Leave out tokens less likely than this share of the likeliest."""
    seed: int = Field(0, ge=0)
    """Same seed, same text, where the temperature is above 0."""
    max_tokens: int = Field(1024, ge=16)
    """Tokens the model may write in one step."""


class AgentSettings(Limits):
    """How a turn is worked on, and the most it may spend."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, strict=True)

    strategy: str = "react"
    """The way of thinking: react."""


class PluginSettings(Section):
    """Installed plugins."""

    disabled: tuple[str, ...] = Field((), strict=False)
    """Names of plugins that are not loaded."""


class MemorySettings(Section):
    """What is recalled from earlier sessions."""

    recall: int = Field(3, ge=0, le=20)
    """Notes and past turns put before the model when they fit the request; 0 for none."""


class TuiSettings(Section):
    """The full-screen interface."""

    theme: str = "textual-dark"
    """A Textual theme: textual-dark, textual-light, nord, gruvbox, dracula, tokyo-night, monokai, ..."""
    trace: bool = True
    """Show the pane with thoughts, actions and observations."""


class Config(Section):
    """All settings."""

    model: ModelSettings = ModelSettings()
    agent: AgentSettings = AgentSettings()
    plugins: PluginSettings = PluginSettings()
    memory: MemorySettings = MemorySettings()
    tui: TuiSettings = TuiSettings()


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The settings in force, and where each is from."""

    config: Config
    sources: Mapping[str, str]
    """`section.key` to the file it is from, or `default`."""


def load_config(paths: Paths) -> LoadedConfig:
    """Read both files. ConfigError names the file, the key, and what was expected."""
    values: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    for file in (paths.config_file, paths.settings_file):
        for section, table in _checked(_read(file), file).items():
            values.setdefault(section, {}).update(table)
            sources.update({f"{section}.{key}": str(file) for key in table})
    config = _validate(values, paths.settings_file)
    return LoadedConfig(config, {key: sources.get(key, DEFAULT) for key, _ in flatten(config)})


def flatten(config: Config) -> Iterator[tuple[str, Any]]:
    """Every setting as (`section.key`, value)."""
    for section in Config.model_fields:
        table = getattr(config, section)
        for key in type(table).model_fields:
            yield f"{section}.{key}", getattr(table, key)


def set_value(paths: Paths, key: str, text: str) -> Any:
    """Write one setting to the program's own file and return its value. ConfigError leaves the file as it was.

    `text` is read as a TOML value; what is none is taken as a plain string.
    """
    section, _, name = key.partition(".")
    values = _read(paths.settings_file)
    value = _toml_value(text)
    values.setdefault(section, {})[name] = value
    checked = _checked(values, paths.settings_file)
    paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    partial = paths.settings_file.with_suffix(".toml.new")
    partial.write_text(tomli_w.dumps(checked), encoding="utf-8")
    partial.replace(paths.settings_file)
    return value


def example() -> str:
    """The text of `config.example.toml`: every setting with its default, commented out."""
    lines = [
        "# Rookery's settings, each with its default. Copy what you change into the file that",
        "# `rookery config path` names, and take away the leading `# `.",
    ]
    for section, field in Config.model_fields.items():
        table = field.default
        lines += ["", f"# {_text(type(table).__doc__)}", f"[{section}]"]
        for name, setting in type(table).model_fields.items():
            lines += [f"# {_text(setting.description)}", f"# {toml_line(name, getattr(table, name))}"]
    return "\n".join(lines) + "\n"


def toml_line(name: str, value: Any) -> str:
    """`name = value` as TOML."""
    return tomli_w.dumps({name: list(value) if isinstance(value, tuple) else value}).strip()


def _text(text: str | None) -> str:
    return " ".join((text or "").split())


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from exc
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{file} is larger than {MAX_BYTES} bytes; that is no config file")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{file} is not UTF-8 text: byte {exc.start}") from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"{file}: {exc}") from exc


def _checked(values: dict[str, Any], file: Path) -> dict[str, dict[str, Any]]:
    """The same values, once they are known to be good by themselves."""
    for section, table in values.items():
        if section not in Config.model_fields:
            raise ConfigError(f"{file}: [{section}] is not a section{_nearest(section, list(Config.model_fields))}")
        if not isinstance(table, dict):
            raise ConfigError(f"{file}: {section} must be a section: write [{section}] above its keys")
        known = type(Config.model_fields[section].default).model_fields
        for key in table:
            if key not in known:
                raise ConfigError(f"{file}: {section}.{key} is not a setting{_nearest(key, list(known))}")
    _validate(values, file)
    return values


def _validate(values: Mapping[str, Any], file: Path) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as exc:
        problems = [_explain(error) for error in exc.errors(include_url=False)]
        raise ConfigError(f"{file}: " + "; ".join(problems)) from exc


def _explain(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    message = str(error["msg"])
    expected = message.removeprefix("Input should be ") if message.startswith("Input should be ") else message
    with contextlib.suppress(TypeError, ValueError):
        return f"{where} must be {expected}, not {json.dumps(error['input'])}"
    return f"{where} must be {expected}"


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"
