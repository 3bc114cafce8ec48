"""Starts programs for the tools here that need one, and ends all that came of them.

It is no plugin and offers nothing itself; of the modules here it is the one that plugins may share.
"""

from __future__ import annotations

from rookery_plugins.programs.output import Output
from rookery_plugins.programs.running import Ending, Program, run
from rookery_plugins.programs.surroundings import environment, for_python, search_path, which

__all__ = ["Ending", "Output", "Program", "environment", "for_python", "run", "search_path", "which"]
