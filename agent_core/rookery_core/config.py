"""The settings: what there is to set, with its default, its limits and what it does. It knows no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field

from rookery_core.budget import Limits
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.sandbox.settings import SandboxSettings

MCP, SERVERS = "mcp", "mcp.servers"
STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, strict=True, allow_inf_nan=False)
_INT32 = 2**31 - 1


class Section(BaseModel):
    """A table of the config file."""

    model_config = STRICT


class ModelSettings(Section):
    """The model and how it is sampled."""

    path: str = ""
    """A GGUF file, or the name of one in the models folder. Empty: the first that is found."""
    n_ctx: int = Field(default=0, ge=0, le=1 << 20)
    """Tokens of the window. 0: what the model was trained for, at most 8192."""
    n_threads: int = Field(default=0, ge=0, le=1024)
    """Threads that write tokens. 0: one, which is the fastest where another program is busy."""
    n_threads_batch: int = Field(default=0, ge=0, le=1024)
    """Threads that read the prompt. 0: one for each core, at most 8."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    """0 takes the most likely token each time; higher is more varied."""
    top_k: int = Field(default=40, ge=0, le=_INT32)
    """Choose among this many tokens; 0 for all. Without effect at temperature 0, as the next two."""
    top_p: float = Field(default=0.95, gt=0, le=1)
    """Choose among the likeliest tokens that together have this probability."""
    min_p: float = Field(default=0.05, ge=0, le=1)
    """Leave out tokens less likely than this share of the likeliest."""
    seed: int = Field(default=0, ge=0, le=_INT32)
    """Same seed, same text, where the temperature is above 0."""
    max_tokens: int = Field(default=1024, ge=16, le=_INT32)
    """Tokens the model may write in one step."""
    adapter: str = "auto"
    """A LoRA adapter in GGUF, made for the model the program begins with. auto: for a model that Rookery has one for,
    that one; empty: none."""
    forced_tokens: bool = True
    """Write what the grammar of a step leaves no choice of without asking the model."""
    expand: bool = True
    """Read prompts with the weights expanded, where that is faster: a small model of a slow format."""
    memory_mb: int = Field(default=0, ge=0, le=1 << 24)
    """Megabytes that the files of loaded models may have together; 0 for no limit."""
    cache_mb: int = Field(default=512, ge=0, le=1 << 24)
    """Megabytes for what was read and is not in use just now, beside the window itself."""
    saved_mb: int = Field(default=1024, ge=0, le=1 << 24)
    """Megabytes on disk for what was read, so that a session that is gone on with is not read again; 0 for none."""


class AgentSettings(Limits):
    """How a turn is worked on, and the most it may spend."""

    model_config = STRICT

    strategy: str = "react"
    """The way of thinking: react, or one that a plugin offers."""
    mode: Literal["ask", "accept-edits", "plan"] = "ask"
    """The permission mode that a session begins in: what runs without a question. `--mode` does so for one start."""
    prompt: Literal["auto", "full", "brief"] = "auto"
    """How much the model is told: full, brief for one that was trained for the work, or auto: as it was made for."""
    form: Literal["auto", "labelled", "native"] = "auto"
    """How the model writes a call: with Rookery's labels, in the form of the model's own chat template, or auto: its
    own, unless `rookery models probe` found labels to be better."""
    offer: int = Field(default=10, ge=0, le=1000)
    """Tools offered to the model at a time; of more, those that fit the request. 0: all."""
    pinned: tuple[str, ...] = Field(default=(), strict=False)
    """Tools and plugins that are always offered."""
    repairs: int = Field(default=2, ge=0, le=10)
    """Times in a row that a step or a call that cannot be used is tried again, with what was wrong about it."""
    quarantine: Literal["off", "long", "always"] = "off"
    """Results of others (pages, other plugins, MCP servers) that a reader without tools reads for the model, which sees
    its notes: long ones in place of an excerpt, always, or off: none."""
    spotlight: bool = False
    """Mark where results of others begin and end, with a word on what they are."""
    check_arguments: bool = False
    """Question a call whose numbers or paths appear nowhere in what was said."""
    check_answers: bool = True
    """Question an answer with a number that appears nowhere in what was said or read, where a calculator is offered."""
    as_said: bool = True
    """Read or make the one file that the request names, where a call has a path that nobody said and that is not
    there; and spell names in calls of the default model as they were said."""
    leave_out: bool = True
    """Leave out of a call of the default model a number that nobody said, where none need be given."""
    ask_bias: float = Field(default=-1.0, ge=-10, le=10)
    """How readily the default model asks for what a call lacks, which is added to the logit of doing so; below 0 it
    asks less."""
    exact_thoughts: bool = True
    """Hold the default model to what it thinks: what it quotes stands there, and the tool whose purpose it names is
    the one that it calls."""
    point_out: bool = True
    """Repeat below a tool's result the line or entry that has the request's words, where one stands out."""


class PluginSettings(Section):
    """Installed plugins."""

    disabled: tuple[str, ...] = Field(default=(), strict=False)
    """Names of plugins that are not used, whatever was said before."""
    in_process: tuple[str, ...] = Field(default=(), strict=False)
    """Names of plugins that run inside the program, with all of its rights; for hooks that work only there."""
    open: tuple[str, ...] = Field(default=(), strict=False)
    """Names of plugins whose processes are not confined, and have all of your rights."""
    strict: bool = False
    """Whether a plugin that is to be used and cannot be keeps the program from starting."""


class WebSettings(Section):
    """Reading and searching the web, which nothing of Rookery's does unless it is allowed."""

    online: bool = False
    """Offer the tools for it, which ask before each use. `--online` does so for one start."""
    search_provider: Literal["", "searxng", "brave", "tavily"] = ""
    """Who searches: searxng at search_url, or brave or tavily with your key in ROOKERY_SECRET_WEB_SEARCH_KEY. Empty:
    searxng where there is a search_url, else nobody."""
    search_url: str = ""
    """The address of a SearXNG, such as http://localhost:8888. It must have json among its search.formats."""


class MemorySettings(Section):
    """What is recalled from earlier sessions."""

    recall: int = Field(default=3, ge=0, le=20)
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
    sandbox: SandboxSettings = SandboxSettings()
    web: WebSettings = WebSettings()
    memory: MemorySettings = MemorySettings()
    tui: TuiSettings = TuiSettings()
    mcp: McpSettings = McpSettings()


def flatten(config: Config) -> Iterator[tuple[str, Any]]:
    """Every setting as (`section.key`, value); of MCP servers what may be shown, as (`mcp.servers.NAME.key`, value)."""
    for section in Config.model_fields:
        table = getattr(config, section)
        for key in type(table).model_fields:
            if section != MCP:
                yield f"{section}.{key}", getattr(table, key)
    for name, server in config.mcp.servers.items():
        for key in ServerSettings.model_fields:
            yield f"{SERVERS}.{name}.{key}", server.shown(key)


def documented() -> Iterator[tuple[str, str, Iterator[tuple[str, Any, str]]]]:
    """Every table with what it is for and its settings, each with its default and what it does."""
    for section, field in Config.model_fields.items():
        table = field.default
        kind: type[BaseModel] = ServerSettings if section == MCP else type(table)
        name = f"{SERVERS}.NAME" if section == MCP else section
        settings = (
            (
                key,
                setting.get_default(call_default_factory=True) if section == MCP else getattr(table, key),
                _text(setting.description),
            )
            for key, setting in kind.model_fields.items()
        )
        yield name, _text(type(table).__doc__), settings


def example() -> str:
    """The text of `config.example.toml`: every setting with its default, commented out."""
    lines = [
        "# Rookery's settings, each with its default. Copy what you change into the file that",
        "# `rookery config path` names, and take away the leading `# `.",
    ]
    for table, about, settings in documented():
        there = "# " if table.startswith(MCP) else ""
        lines += ["", f"# {about}", f"{there}[{table}]"]
        for name, value, does in settings:
            lines += [f"# {does}", f"# {toml_line(name, value)}"]
    return "\n".join(lines) + "\n"


def toml_line(name: str, value: Any) -> str:
    """`name = value` as TOML, on one line."""
    if isinstance(value, tuple | list):
        return f"{name} = [{', '.join(toml_line('v', item).removeprefix('v = ') for item in value)}]"
    if isinstance(value, Mapping):
        return f"{name} = {{{', '.join(toml_line(key, item) for key, item in value.items())}}}"
    return tomli_w.dumps({name: value}).strip()


def _text(text: str | None) -> str:
    return " ".join((text or "").split())
