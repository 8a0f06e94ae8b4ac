"""The locks of envs/: the one for GPUs is the other one and CUDA, and every package has its hashes."""

import re
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ENVS = Path(__file__).parents[1] / "envs"


def pins(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return version and hashes of every package of a lock."""
    text = (ENVS / name).read_text(encoding="utf-8")
    found = {}
    for entry in text.replace("\\\n", " ").splitlines():
        package, *hashes = entry.split()
        name, version = package.split("==")
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", one) for one in hashes), entry
        found[name] = version, frozenset(hashes)
    return found


@pytest.fixture(scope="module")
def locks():
    return pins("requirements.txt"), pins("requirements-gpu.txt")


def test_every_package_has_hashes(locks):
    for lock in locks:
        assert len(lock) > 100
        assert all(hashes for _, hashes in lock.values())


def test_the_lock_for_gpus_adds_cuda_and_changes_nothing(locks):
    plain, gpu = locks
    assert {name: gpu.get(name) for name in plain} == plain
    assert {name for name in gpu if name not in plain} == cuda_of_tensorflow().keys()


def cuda_of_tensorflow() -> dict[str, Requirement]:
    """Return what the installed TensorFlow, which is the one that is pinned, needs for GPUs."""
    requirements = [Requirement(line) for line in distribution("tensorflow").requires if "and-cuda" in line]
    return {requirement.name: requirement for requirement in requirements}


def test_cuda_is_what_the_pinned_tensorflow_takes(locks):
    plain, gpu = locks
    assert plain["tensorflow"][0] == distribution("tensorflow").version
    cuda = cuda_of_tensorflow()
    assert len(cuda) > 5
    for name, requirement in cuda.items():
        assert name.startswith("nvidia-")
        assert requirement.specifier.contains(gpu[name][0]), name


@pytest.mark.parametrize(("conda", "pip"), [("dfim", "requirements"), ("dfim-gpu", "requirements-gpu")])
def test_conda_takes_the_same_versions(conda, pip):
    written = yaml.safe_load((ENVS / f"{conda}.yaml").read_text(encoding="utf-8"))["dependencies"][-1]["pip"]
    assert written == [f"{name}=={version}" for name, (version, _) in pins(f"{pip}.txt").items()]


def install(*options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", str(ENVS / "install.sh"), *options], capture_output=True, text=True, timeout=60, check=False
    )


def test_an_option_that_is_not_known_installs_nothing():
    for options in (["--gup"], ["--gpu", "--help"]):
        refused = install(*options)
        assert refused.returncode == 1
        assert refused.stdout == ""
        unknown = options[-1]
        assert refused.stderr == (
            f"install: there is no option '{unknown}'; give --gpu for TensorFlow with CUDA, or nothing.\n"
        )
