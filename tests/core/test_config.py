"""The settings: two files, each value checked, every mistake one clear line."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from rookery_core.config import Config, documented, example, flatten, toml_line
from rookery_core.config_file import DEFAULT, MAX_BYTES, check_file, load_config, set_value
from rookery_core.errors import ConfigError
from rookery_core.paths import Paths

ROOT = Path(__file__).parents[2]

INVALID = [
    "[model",
    "model = ",
    "[model]\nn_ctx = 1\nn_ctx = 2",
    "[model]\n[model]",
    "[model]\npath = 'one\ntwo'",
    '[model]\npath = "\\q"',
    "[model]\nn_ctx = 0_",
    "[model]\nn_ctx = 1979-13-01",
    "[plugins]\ndisabled = [1,,2]",
    "[model]\nn_ctx = 0x",
    "[tui]\ntrace = True",
    "[model]\npath.x = 1\npath = 2",
    "a = {b = 1, b = 2}",
    "[model]\npath = 'tab and \x00'",
    "a = " + "[" * 50_000,
    "a = " + "{b=" * 5_000,
    "a = " + "9" * 5_000,
]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.find({"ROOKERY_HOME": str(tmp_path)})


def problem(paths: Paths, text: str | bytes) -> str:
    """What is said about a config file of this text."""
    paths.config_file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load_config(paths)
    message = str(caught.value)
    assert message.startswith(str(paths.config_file))
    assert "\n" not in message
    return message.removeprefix(str(paths.config_file))


def test_example_file_is_the_generated_one() -> None:
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == example()


def test_example_uncommented_is_a_good_config_of_all_defaults(paths: Paths) -> None:
    text, _, _ = example().partition("# [mcp.servers.NAME]")  # of servers, there is none by default
    lines = [line.removeprefix("# ") if " = " in line else line for line in text.splitlines()]
    paths.config_file.write_text("\n".join(lines), encoding="utf-8")
    loaded = load_config(paths)
    assert loaded.config == Config()
    assert set(loaded.sources.values()) == {str(paths.config_file)}


def test_every_setting_is_documented() -> None:
    for table, about, settings in documented():
        assert about, table
        for name, _, does in settings:
            assert does, name


def test_without_files_all_is_default(paths: Paths) -> None:
    loaded = load_config(paths)
    assert loaded.config == Config()
    assert set(loaded.sources.values()) == {DEFAULT}


def test_settings_override_config_and_sources_say_so(paths: Paths) -> None:
    paths.config_file.write_text("[model]\nn_ctx = 1024\ntop_k = 5\n")
    paths.settings_file.write_text("[model]\nn_ctx = 2048\n")
    loaded = load_config(paths)
    assert (loaded.config.model.n_ctx, loaded.config.model.top_k) == (2048, 5)
    assert loaded.sources["model.n_ctx"] == str(paths.settings_file)
    assert loaded.sources["model.top_k"] == str(paths.config_file)
    assert loaded.sources["model.seed"] == DEFAULT


@pytest.mark.parametrize("text", INVALID, ids=range(len(INVALID)))
def test_what_is_not_toml_is_refused_in_one_line(paths: Paths, text: str) -> None:
    problem(paths, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[modle]", "[modle] is not a section; did you mean model?"),
        ("[model]\nn_cxt = 1", "model.n_cxt is not a setting; did you mean n_ctx?"),
        ("[tui]\nzzz = 1", "tui.zzz is not a setting; there are: theme, trace"),
        ("n_ctx = 1", "n_ctx is not in a section; did you mean model.n_ctx?"),
        ("max_tokens = 1", "did you mean model.max_tokens or agent.max_tokens?"),
        ("model = 1", "write [model] above its keys"),
        ("[[model]]", "write [model] above its keys"),
        ('[model]\n"\\u001b[31m\\nx" = 1', "model.\\u{1b}[31m x is not a setting"),
        ("[model]\nn_ctx = true", "model.n_ctx must be a valid integer, not true"),
        ("[model]\nn_ctx = 1.0", "model.n_ctx must be a valid integer, not 1.0"),
        ('[model]\nn_ctx = "1"', 'model.n_ctx must be a valid integer, not "1"'),
        ("[model]\nn_ctx = 99999999999", "model.n_ctx must be less than or equal to 1048576"),
        ("[model]\ntemperature = nan", "model.temperature must be a finite number, not NaN"),
        ("[agent]\nmax_seconds = inf", "agent.max_seconds must be a finite number, not Infinity"),
        ("[model]\ntemperature = true", "model.temperature must be a valid number, not true"),
        ("[agent]\nmax_steps = 0", "agent.max_steps must be greater than or equal to 1, not 0"),
        ("[agent]\nstrategy = 3", "agent.strategy must be a valid string, not 3"),
        ("[plugins]\ndisabled = 'shell'", 'plugins.disabled must be a list, not "shell"'),
        ("[plugins]\ndisabled = [1]", "plugins.disabled.0 must be a valid string, not 1"),
        ("[model]\npath = 2020-01-01", "model.path must be a valid string"),
        ("[tui]\ntrace = 1", "tui.trace must be a valid boolean, not 1"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(paths: Paths, text: str, said: str) -> None:
    assert said in problem(paths, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n\n[model\n", 3),
        ("[tui]\ntrace = true\n\n[modle]\n", 4),
        ("[tui]\ntrace = true\n[model]  # mine\npath = 'x'\nn_cxt = 1\n", 5),
        ("[model]\npath = 'x'\n\nn_ctx = true\n", 4),
        ("tui.trace = true\nmodel.n_ctx = true\n", 2),
        ("tui.trace = true\nmodel = {n_ctx = true}\n", 2),
        ("[plugins]\ndisabled = [\n 'a',\n 1,\n]\n", 2),
        ("[mcp.servers.a]\ncommand = 'x'\n[mcp.servers.b]\ncommand = 'x'\ntimeout_s = 'long'\n", 5),
        ("[mcp.servers.a]\ncommand = 'x'\n[mcp.servers.b]\nurl = 'x'\n", 3),
        ("a = 1\n\n" + "[" * 50_000, 3),
        ("a = 1\nb = " + "9" * 5_000, 2),
        (b"[tui]\n\n\xff", 3),
    ],
    ids=range(12),
)
def test_what_is_wrong_is_named_with_its_line(paths: Paths, text: str | bytes, line: int) -> None:
    assert problem(paths, text).startswith(f":{line}: ")


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(paths: Paths) -> None:
    os.mkfifo(paths.config_file)
    with pytest.raises(ConfigError, match=r"config\.toml: it is no ordinary file"):
        load_config(paths)


def test_two_wrong_settings_are_both_named(paths: Paths) -> None:
    said = problem(paths, "[model]\nn_ctx = -1\ntop_p = 2.0")
    assert "model.n_ctx" in said
    assert "model.top_p" in said


def test_byte_order_mark_is_accepted(paths: Paths) -> None:
    paths.config_file.write_bytes(b"\xef\xbb\xbf[model]\r\nn_ctx = 512\r\n")
    assert load_config(paths).config.model.n_ctx == 512


def test_what_is_not_utf8_is_refused(paths: Paths) -> None:
    assert "is not UTF-8 text: byte 8 is 0xff" in problem(paths, b"[model]\n\xff")
    assert "is not UTF-8 text: byte 0" in problem(paths, "[model]\n".encode("utf-16"))


def test_a_huge_file_is_refused_without_reading_it(paths: Paths) -> None:
    paths.config_file.touch()
    os.truncate(paths.config_file, 100_000_000)
    with pytest.raises(ConfigError, match=f"larger than {MAX_BYTES} bytes"):
        load_config(paths)


def test_a_folder_in_the_place_of_the_file_is_refused(paths: Paths) -> None:
    paths.config_file.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(paths)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path / "home")})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(paths)
    with pytest.raises(ConfigError, match=r"config\.toml: it cannot be read"):
        check_file(paths.config_file)


def test_a_missing_file_checks_as_good(paths: Paths) -> None:
    check_file(paths.config_file)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("agent.max_steps", "3", 3),
        ("model.temperature", "0.5", 0.5),
        ("model.temperature", "1", 1),
        ("tui.trace", "false", False),
        ("tui.theme", "nord", "nord"),
        ("tui.theme", '"nord"', "nord"),
        ("model.path", "~/models/a b.gguf", "~/models/a b.gguf"),
        ("model.path", "2024", "2024"),
        ("model.path", "true", "true"),
        ("model.path", "C:\\models\\a.gguf", "C:\\models\\a.gguf"),
        ("plugins.disabled", '["shell", "files"]', ["shell", "files"]),
    ],
)
def test_set_value_is_what_is_read_back(paths: Paths, key: str, text: str, value: object) -> None:
    assert set_value(paths, key, text) == value
    loaded = load_config(paths)
    kept = dict(flatten(loaded.config))[key]
    assert (list(kept) if isinstance(kept, tuple) else kept) == value
    assert loaded.sources[key] == str(paths.settings_file)


def test_set_keeps_what_was_set_before(paths: Paths) -> None:
    set_value(paths, "agent.max_steps", "3")
    set_value(paths, "agent.max_tokens", "99")
    set_value(paths, "tui.trace", "false")
    assert tomllib.loads(paths.settings_file.read_text()) == {
        "agent": {"max_steps": 3, "max_tokens": 99},
        "tui": {"trace": False},
    }


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("max_steps", "3", "did you mean agent.max_steps?"),
        ("nonsense", "3", "`rookery config show` lists them"),
        ("agent.steps", "3", "agent.steps is not a setting; did you mean max_steps?"),
        ("agnet.max_steps", "3", "[agnet] is not a section; did you mean agent?"),
        ("agent.max.steps", "3", "one dot"),
        ("agent.max_steps", "many", "agent.max_steps must be a valid integer"),
        ("agent.max_steps", "0", "agent.max_steps must be greater than or equal to 1"),
        ("agent.max_steps", "3\nmax_tokens = 1", "agent.max_steps must be a valid integer"),
        ("", "3", "is not a setting"),
        (".", "3", "is not a section"),
    ],
)
def test_set_refuses_without_touching_the_file(paths: Paths, key: str, text: str, said: str) -> None:
    paths.settings_file.write_text("[tui]\ntrace = false  # mine\n")
    with pytest.raises(ConfigError) as caught:
        set_value(paths, key, text)
    assert said in str(caught.value)
    assert paths.settings_file.read_text() == "[tui]\ntrace = false  # mine\n"
    assert list(paths.config.iterdir()) == [paths.settings_file]


def test_set_refuses_to_build_on_a_broken_file(paths: Paths) -> None:
    paths.settings_file.write_text("[tui\n")
    with pytest.raises(ConfigError, match="is not TOML"):
        set_value(paths, "tui.trace", "false")
    assert paths.settings_file.read_text() == "[tui\n"


def test_set_says_when_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path / "home")})
    paths.settings_file.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        set_value(paths, "tui.trace", "false")
    assert list(paths.settings_file.iterdir()) == []


def test_a_setting_is_shown_on_one_line() -> None:
    assert toml_line("disabled", ("a", 'b"c')) == 'disabled = ["a", "b\\"c"]'
    assert toml_line("path", "one\ntwo") == 'path = "one\\ntwo"'
    assert toml_line("n", ()) == "n = []"
