"""The memory that a process may take: within the limits of its control groups."""

import psutil
import pytest

from dfim import memory


@pytest.mark.parametrize(
    ("membership", "file"),
    [
        ("0::/job/step\n", "job/memory.max"),
        ("4:cpu:/\n3:memory:/job/step\n0::/\n", "memory/job/memory.limit_in_bytes"),
    ],
    ids=["version 2", "version 1"],
)
def test_the_limit_of_a_parent_group_holds(tmp_path, membership, file):
    (tmp_path / "membership").write_text(membership)
    path = tmp_path / "groups" / file
    (path.parent / "step").mkdir(parents=True)
    path.write_text("1000000\n")
    (path.parent / "step" / path.name).write_text("max\n" if path.name == "memory.max" else "2000000\n")
    assert min(memory._group_limits(tmp_path / "membership", tmp_path / "groups")) == 1_000_000


def test_a_machine_without_control_groups_has_no_limits(tmp_path):
    assert memory._group_limits(tmp_path / "nothing", tmp_path) == []


def test_available_memory_is_part_of_the_machines():
    assert 0 < memory.available_memory() <= psutil.virtual_memory().total
