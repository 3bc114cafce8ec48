"""What the person writes of MCP servers: checked like all other settings, and no secret of it is shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from rookery_core.config import Config, example, flatten, toml_line
from rookery_core.config_file import load_config, set_value, value_of
from rookery_core.errors import ConfigError, PluginError
from rookery_core.mcp.settings import ServerSettings, resolved
from rookery_core.paths import Paths
from rookery_core.plugin import Risk

HEAD = "[mcp.servers.a]\n"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.find({"ROOKERY_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "mcp.servers.a: it needs a command or a url"),
        (f"{HEAD}command = 'x'\nurl = 'http://x'", "mcp.servers.a: it needs a command or a url, not both"),
        (f"{HEAD}url = 'x.test/mcp'", "mcp.servers.a: its url does not begin with http:// or https:// and a host"),
        (f"{HEAD}url = 'file:///etc'", "mcp.servers.a: its url does not begin with"),
        (f"{HEAD}url = 'http://x:99999/mcp'", "mcp.servers.a: its url does not begin with"),
        (f"{HEAD}url = 'http://x:12345x/mcp'", "mcp.servers.a: its url does not begin with"),
        (f"{HEAD}url = 'http://[x]/12345'\nheaders = {{A = '12345'}}", "mcp.servers.a: its url does not begin with"),
        (f"{HEAD}url = 'http://x'\nargs = ['a']", "mcp.servers.a: args is for a server with a command"),
        (f"{HEAD}command = 'x'\nheaders = {{A = 'b'}}", "mcp.servers.a: headers is for a server with a url"),
        (f"{HEAD}comand = 'x'", "mcp.servers.a.comand is not a setting; did you mean command?"),
        (f"{HEAD}command = 3", "mcp.servers.a.command must be a valid string, not 3"),
        (f"{HEAD}command = 'x'\nargs = 'a'", 'mcp.servers.a.args must be a list, not "a"'),
        (f"{HEAD}command = 'x'\nenv = {{TOKEN = 12345}}", "mcp.servers.a.env.TOKEN must be a valid string"),
        (f"{HEAD}command = 'x'\ntimeout_s = 0", "mcp.servers.a.timeout_s must be greater than 0, not 0"),
        (
            f"{HEAD}command = 'x'\nrisk = {{b = 'none'}}",
            "mcp.servers.a.risk.b must be 'pure', 'read', 'write', 'execute' or",
        ),
        ("[mcp.servers]\na = 1", "mcp.servers.a must be a table"),
        ("[mcp.servers.Aa]\ncommand = 'x'", "a server's name is lower-case letters, digits, _ and -, not 'Aa'"),
        ("[mcp]\nservers = 1", "mcp.servers must be a"),
        ("[mcp]\nserver = 1", "mcp.server is not a setting; did you mean servers?"),
        ("[mcp.server.a]\ncommand = 'x'", "mcp.server is not a setting; did you mean servers?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(paths: Paths, text: str, said: str) -> None:
    paths.config_file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(paths)
    assert said in str(caught.value)
    assert "12345" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_is_read_with_where_each_setting_is_from(paths: Paths) -> None:
    paths.config_file.write_text(
        f"{HEAD}command = 'uvx'\nargs = ['mcp-server-time']\nrisk = {{get_current_time = 'read'}}\ntimeout_s = 5\n"
    )
    loaded = load_config(paths)
    server = loaded.config.mcp.servers["a"]
    assert (server.command, server.args, server.risk) == ("uvx", ("mcp-server-time",), {"get_current_time": Risk.READ})
    assert loaded.sources["mcp.servers.a.command"] == str(paths.config_file)
    assert loaded.sources["mcp.servers.a.cwd"] == "default"
    assert value_of(loaded.config, "mcp.servers.a.timeout_s") == 5


def test_what_may_be_secret_is_not_shown(paths: Paths) -> None:
    paths.config_file.write_text(f"{HEAD}command = 'x'\nenv = {{A = 's3cret', B = 'Bearer ${{TOKEN}}'}}\n")
    told = dict(flatten(load_config(paths).config))
    assert told["mcp.servers.a.env"] == {"A": "***", "B": "Bearer ${TOKEN}"}
    assert toml_line("env", told["mcp.servers.a.env"]) == 'env = {A = "***", B = "Bearer ${TOKEN}"}'
    assert tomllib.loads(toml_line("env", told["mcp.servers.a.env"]))["env"]["A"] == "***"


@pytest.mark.parametrize("key", ["mcp.servers", "mcp.servers.a.command", "mcp.x"])
def test_servers_are_in_the_persons_own_file(paths: Paths, key: str) -> None:
    with pytest.raises(ConfigError, match=r"MCP servers are tables in config\.toml"):
        set_value(paths, key, "x")
    with pytest.raises(ConfigError, match=r"MCP servers are tables in config\.toml"):
        load_config(paths, [f"{key}=x"])
    assert not paths.settings_file.exists()


def test_the_example_has_a_server_that_is_good_once_it_has_a_command(paths: Paths) -> None:
    block = example().partition("# [mcp.servers.NAME]\n")[2]
    keys = [line.removeprefix("# ") for line in block.splitlines() if " = " in line]
    assert len(keys) == len(ServerSettings.model_fields)
    text = "\n".join(["[mcp.servers.time]", *keys]).replace('command = ""', 'command = "x"')
    paths.config_file.write_text(text)
    assert load_config(paths).config.mcp.servers == {"time": ServerSettings(command="x")}
    assert Config().mcp.servers == {}


def test_references_are_looked_up_and_a_missing_one_is_named() -> None:
    environ = {"A": "one", "B_2": "${A}"}
    assert resolved({"x": "${A}", "y": "a ${B_2} $A ${} $", "z": ""}, environ, "env") == {
        "x": "one", "y": "a ${A} $A ${} $", "z": "",
    }  # fmt: skip
    with pytest.raises(PluginError, match="its setting headers names the environment variable NO, which is not set"):
        resolved({"x": "${A}${NO}"}, environ, "headers")


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"command": "/opt/bin/mcp-server-git", "args": ("--token", "s3cret")}, "mcp-server-git"),
        ({"command": "npx", "args": ("-y", "@modelcontextprotocol/server-everything", "x")}, "npx server-everything"),
        ({"command": "uvx", "args": ("mcp-server-time",)}, "uvx mcp-server-time"),
        ({"command": "python3.12", "args": ("-m", "mcp_server_time")}, "python3.12 mcp_server_time"),
        ({"command": "node"}, "node"),
        ({"url": "https://me:s3cret@x.test:8080/mcp?key=s3cret"}, "https://x.test:8080"),
    ],
)
def test_where_a_tool_is_from_is_said_without_what_may_be_secret(settings: dict[str, object], where: str) -> None:
    assert ServerSettings.model_validate(settings).where == where


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.test:8080/mcp", "https://x.test:8080/mcp"),
        ("https://me:s3cret@x.test/mcp?key=s3cret", "https://***@x.test/mcp?***"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    settings = ServerSettings(url=url) if url else ServerSettings(command="x")
    assert settings.shown("url") == shown
