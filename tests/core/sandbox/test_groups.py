"""Where control groups can be made is read from files, of the first and the second version."""

from __future__ import annotations

import os
from pathlib import Path

from rookery_core.sandbox.groups import groups
from tests.core.sandbox.kit import linux

pytestmark = linux


def machine(root: Path, own: str, **files: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(own)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_of_the_first_version_each_controller_has_its_own_tree(tmp_path: Path) -> None:
    root = machine(tmp_path, "4:memory:/a\n3:pids:/\n0::/\n", memory__a__tasks="", pids__tasks="")
    assert groups(100, 5_000, root=root) == [
        (os.fsencode(root / "sys/fs/cgroup/pids"), {"pids.max": 100}),
        (os.fsencode(root / "sys/fs/cgroup/memory/a"), {"memory.limit_in_bytes": 5_000}),
    ]


def test_of_the_second_one_group_has_all_of_them_beside_its_own(tmp_path: Path) -> None:
    files = {"user__cgroup.subtree_control": "memory pids\n", "user__cgroup.procs": "", "user__own__cgroup.procs": ""}
    root = machine(tmp_path, "0::/user/own\n", **files)
    assert groups(100, 5_000, root=root) == [
        (os.fsencode(root / "sys/fs/cgroup/user"), {"pids.max": 100, "memory.max": 5_000})
    ]


def test_where_none_can_be_made_there_is_none(tmp_path: Path) -> None:
    assert groups(100, root=tmp_path) == []
    root = machine(tmp_path, "0::/user/own\n", **{"user__cgroup.subtree_control": "cpu\n", "user__cgroup.procs": ""})
    assert groups(100, root=root) == []
