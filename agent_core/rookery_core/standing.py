"""Events about what a session stands on, beside its turns: the model, the plugins, the rules, the mode, the sandbox."""

from __future__ import annotations

from typing import ClassVar, Literal

from rookery_core.envelope import Event, Mode


class ModelLoading(Event):
    """The model file is being read."""

    ephemeral: ClassVar[bool] = True
    kind: Literal["model_loading"] = "model_loading"
    model: str
    fraction: float
    """0.0 to 1.0."""


class SandboxFound(Event):
    """It is known how well programs are confined here (L3, L2, L1), what is missing, and whether as root."""

    ephemeral: ClassVar[bool] = True
    kind: Literal["sandbox_found"] = "sandbox_found"
    level: str
    root: bool = False
    why_not_higher: tuple[str, ...] = ()


class ModelReady(Event):
    """The model is loaded and can generate."""

    kind: Literal["model_ready"] = "model_ready"
    model: str
    path: str
    n_ctx: int
    """Tokens the context really holds."""
    n_ctx_train: int
    """Tokens the model was trained for."""
    template: str
    """Where the chat template is from: the model file, or the fall-back's name."""
    load_s: float
    notes: tuple[str, ...] = ()
    """What the person should know of this model."""


class ModelLost(Event):
    """The model's process ended by itself."""

    kind: Literal["model_lost"] = "model_lost"
    model: str
    reason: str
    log: str
    """Path of the process's log; "" when there is none."""


class PluginFailed(Event):
    """A plugin could not be loaded, or part of it is left out; the others work."""

    kind: Literal["plugin_failed"] = "plugin_failed"
    plugin: str
    distribution: str
    reason: str


class RulesBroken(Event):
    """A file of rules cannot be read as it is or be written, or has a rule about no tool there is; `reason` says it."""

    kind: Literal["rules_broken"] = "rules_broken"
    file: str
    line: int
    """From 1; 0 where no line can be named."""
    reason: str


class ModeChanged(Event):
    """The session goes on in another permission mode; before the first of these it is `ask`."""

    kind: Literal["mode_changed"] = "mode_changed"
    mode: Mode
