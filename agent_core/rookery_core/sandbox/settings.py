"""The settings of the sandbox."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

READ = (
    "~/.local/bin", "~/.local/share/uv/python", "~/.local/share/uv/tools", "~/.local/share/pipx", "~/.pyenv",
    "~/.asdf", "~/.nvm", "~/.volta", "~/.cargo/bin", "~/.rustup", "~/.sdkman", "~/.rbenv", "~/go/bin", "~/miniconda3",
    "~/miniforge3",
)  # fmt: skip


class SandboxSettings(BaseModel):
    """What confines the programs that tools start, `shell`, `python` and `git`, and the processes of plugins."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, strict=True, allow_inf_nan=False
    )

    programs: Literal["confined", "open"] = "confined"
    """confined: as far as this machine can, which `rookery sandbox` tells. open: not at all, with all your rights."""
    read: tuple[str, ...] = Field(default=READ, strict=False)
    """Folders outside of the workspace that programs may read, besides those of the system; those that are there."""
    network: bool = False
    """Whether programs that tools start reach other machines, and what runs on this one."""
    processes: int = Field(default=1024, ge=16, le=1 << 22)
    """The most processes and threads that one call may have at a time."""
    memory_mb: int = Field(default=0, ge=0, le=1 << 24)
    """Megabytes that all processes of one call may have together, where there are control groups; 0 for no limit."""
