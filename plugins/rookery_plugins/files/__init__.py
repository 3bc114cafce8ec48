"""Files of the workspace: list, read, search and write.

Reading never waits on what is no file and takes in only what it shows; writing puts a whole new file in the place of
the old one, so that a crash leaves the one or the other. Symbolic links that lead out of the workspace are refused
before a tool here runs, and those met on the way are not followed.
"""

from __future__ import annotations

from rookery_core.plugin import Tool, hookimpl
from rookery_plugins.files.reading import list_files, read_file, search_files
from rookery_plugins.files.writing import write_file

__all__ = ["list_files", "read_file", "search_files", "write_file"]

rookery_contract = 1


@hookimpl
def rookery_tools() -> list[Tool]:
    return [list_files, read_file, search_files, write_file]
