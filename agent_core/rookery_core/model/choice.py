"""The models to choose from while the program runs: each is made when it is first asked for, and kept.

Knows neither how one is made nor which is in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from rookery_core.errors import ModelUnreadable
from rookery_core.model.base import ModelBackend
from rookery_core.model.registry import ModelFile


class Models:
    """The models that can be had. One that was loaded stays so when another is chosen, unless its memory is needed."""

    def __init__(
        self,
        available: Callable[[], Iterable[ModelFile]],
        find: Callable[[str], ModelFile],
        make: Callable[[ModelFile], ModelBackend],
    ) -> None:
        """`available` says which there are by name; `find` takes a name or a path and raises ModelError."""
        self._available = available
        self._find = find
        self._make = make
        self._made: dict[Path, ModelBackend] = {}

    @classmethod
    def of(cls, *models: ModelBackend) -> Models:
        """Just these."""
        files = {model.name: ModelFile(model.name, Path(model.name)) for model in models}
        made = {model.name: model for model in models}

        def find(wanted: str) -> ModelFile:
            if wanted not in files:
                raise ModelUnreadable(f"{wanted} is not the name of a model. Models by name: {', '.join(files)}.")
            return files[wanted]

        return cls(files.values, find, lambda file: made[file.name])

    def known(self) -> dict[str, bool]:
        """Name to whether it is loaded: of those that can be had by name, then of others that were chosen by path."""
        loaded = {name: model.info is not None for name, model in self._by_name().items()}
        return {**{file.name: False for file in self._available()}, **loaded}

    def get(self, wanted: str) -> ModelBackend:
        """The model of that name or path, the same each time. Raises ModelError when there is none."""
        if wanted in (made := self._by_name()):
            return made[wanted]
        file = self._find(wanted)
        if file.path not in self._made:
            of_that_name = next((each for each in self._available() if each.name == file.name), file)
            unique = file.name not in made and of_that_name.path == file.path
            self._made[file.path] = self._make(ModelFile(file.name if unique else str(file.path), file.path))
        return self._made[file.path]

    async def close(self) -> None:
        """Let go of all that were made."""
        for model in self._made.values():
            await model.close()

    def _by_name(self) -> dict[str, ModelBackend]:
        return {model.name: model for model in self._made.values()}
