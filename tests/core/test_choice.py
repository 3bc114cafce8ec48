"""Which models there are to choose from, and what choosing another does to the turns."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from rookery_core.assistant import Assistant
from rookery_core.compose import worker_models
from rookery_core.config import Config, ModelSettings
from rookery_core.errors import ModelError, ModelUnreadable
from rookery_core.events import Answered, Event, ModelReady, TurnStarted
from rookery_core.model.backends import WorkerModel
from rookery_core.model.base import ModelBackend
from rookery_core.model.choice import Models
from rookery_core.model.registry import ModelFile
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from rookery_core.plugin import Risk, tool
from rookery_core.store.sessions import SessionLog
from rookery_core.testing import ScriptedModel
from tests.core.conftest import Lab, act, answer, kinds, play


def scripted(name: str, *lines: str | Exception) -> ScriptedModel:
    return ScriptedModel([*lines], name=name)


async def choose(assistant: Assistant, session: SessionLog, wanted: str) -> list[Event]:
    async with aclosing(assistant.use_model(session, wanted)) as events:
        return [event async for event in events]


# -- the models ---------------------------------------------------------------------------------------------------


def test_a_model_is_made_once_and_named_by_its_path_where_its_name_is_taken() -> None:
    made: list[ModelFile] = []
    files = {"a": ModelFile("a", Path("/one/a.gguf")), "/two/a.gguf": ModelFile("a", Path("/two/a.gguf"))}

    def make(file: ModelFile) -> ModelBackend:
        made.append(file)
        return ScriptedModel([], name=file.name)

    models = Models(lambda: [files["a"]], files.__getitem__, make)
    assert models.known() == {"a": False}
    assert models.get("a") is models.get("a")
    assert models.get("/two/a.gguf") is models.get("/two/a.gguf") is not models.get("a")
    assert [file.name for file in made] == ["a", "/two/a.gguf"]
    assert models.known() == {"a": False, "/two/a.gguf": False}


def test_a_file_elsewhere_does_not_take_the_name_of_one_in_the_models_folder() -> None:
    files = {"a": ModelFile("a", Path("/one/a.gguf")), "/two/a.gguf": ModelFile("a", Path("/two/a.gguf"))}
    models = Models(lambda: [files["a"]], files.__getitem__, lambda file: ScriptedModel([], name=file.name))
    elsewhere = models.get("/two/a.gguf")
    assert elsewhere.name == "/two/a.gguf"
    assert models.get("a") is not elsewhere


async def test_it_is_known_which_are_loaded_and_all_are_closed() -> None:
    a, b = scripted("a"), scripted("b")
    models = Models.of(a, b)
    await models.get("b").open()
    assert models.known() == {"a": False, "b": True}
    await models.close()
    assert models.known() == {"a": False, "b": False}
    with pytest.raises(ModelUnreadable, match=r"c is not the name of a model\. Models by name: a, b\."):
        models.get("c")


def test_the_files_of_the_models_folder_share_a_process_and_the_adapter_is_for_the_first(tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    paths.models.mkdir(parents=True)
    for name in ("a", "b"):
        (paths.models / f"{name}.gguf").touch()
    config = Config(model=ModelSettings(adapter="/adapter.gguf"))
    models = worker_models(config, paths, "b", Worker(paths.model_log))
    a, b = models.get("a"), models.get("b")
    assert isinstance(a, WorkerModel)
    assert isinstance(b, WorkerModel)
    assert a._worker is b._worker
    assert (a._place._options.adapter, b._place._options.adapter) == ("", "/adapter.gguf")
    assert list(models.known())[:2] == ["a", "b"]


# -- choosing one -------------------------------------------------------------------------------------------------


async def test_the_turns_after_it_use_the_chosen_model_in_the_same_session(lab: Lab) -> None:
    a, b = scripted("a", answer("from a")), scripted("b", answer("from b"))
    assistant = lab.assistant([a, b])
    session = assistant.new_session()
    await play(assistant, session, "one")
    events = await choose(assistant, session, "b")
    assert kinds(events) == ["model_ready"]
    assert (assistant.model_name, a.info is None) == ("b", False)
    await play(assistant, session, "two")
    assert [event.model for event in session.events if isinstance(event, TurnStarted)] == ["a", "b"]
    assert [event.text for event in session.events if isinstance(event, Answered)] == ["from a", "from b"]
    assert "from a" in str(b.seen[0])


async def test_going_back_to_a_model_that_is_loaded_is_told_too(lab: Lab) -> None:
    assistant = lab.assistant([scripted("a"), scripted("b")])
    session = assistant.new_session()
    for name in ("b", "a", "b"):
        ready = [event for event in await choose(assistant, session, name) if isinstance(event, ModelReady)]
        assert [event.model for event in ready] == [name]


async def test_a_model_that_cannot_be_had_leaves_the_old_one_in_place(lab: Lab) -> None:
    bad = ScriptedModel([], name="bad", open_error=ModelUnreadable("bad cannot be loaded"))
    assistant = lab.assistant([scripted("a", answer("still a")), bad])
    session = assistant.new_session()
    for name in ("bad", "unknown"):
        with pytest.raises(ModelError, match=name):
            await choose(assistant, session, name)
        assert assistant.model_name == "a"
    assert "still a" in [event.text for event in await play(assistant, session, "x") if isinstance(event, Answered)]


async def test_a_turn_in_progress_keeps_its_model(lab: Lab) -> None:
    a, b = scripted("a", answer("from a")), scripted("b")
    assistant = lab.assistant([a, b])
    session = assistant.new_session()
    seen: list[Event] = []
    async with aclosing(assistant.turn(session, "one")) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, TurnStarted):
                await choose(assistant, session, "b")
    assert [event.text for event in seen if isinstance(event, Answered)] == ["from a"]
    assert assistant.model_name == "b"
    assert b.seen == []


async def test_a_model_whose_memory_was_needed_is_loaded_again_within_the_turn(lab: Lab) -> None:
    model = scripted("a", act("forget", "{}"), answer("done"))

    @tool(risk=Risk.PURE)
    def forget() -> str:
        """Needs the memory."""
        model.info = None
        return "ok"

    assistant = lab.assistant(model, tools=(forget,))
    events = await play(assistant, assistant.new_session(), "go")
    assert kinds(events).count("model_ready") == 2
    assert [event.text for event in events if isinstance(event, Answered)] == ["done"]
