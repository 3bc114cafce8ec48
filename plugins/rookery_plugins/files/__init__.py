"""Files of the workspace: list, find, read, search, write, edit, move, delete.

Reading never waits on what is no file and takes in only what it shows. Writing puts a whole new file in the place of
the old one, so that a crash leaves the one or the other. What is deleted is in the trash. Paths that lead out of the
workspace are refused before a tool here runs, and everything is done by open folders, so that no link that is put in
the way meanwhile leads out of it.
"""

from __future__ import annotations

from rookery_core.plugin import Tool, hookimpl
from rookery_plugins.files.changing import Changes
from rookery_plugins.files.reading import list_files, read_file
from rookery_plugins.files.searching import find_files, search_files

__all__ = ["Changes", "find_files", "list_files", "read_file", "search_files"]

rookery_contract = 1


@hookimpl
def rookery_tools() -> list[Tool | type[Changes]]:
    return [list_files, find_files, read_file, search_files, Changes]
