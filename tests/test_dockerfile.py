"""The image of envs/Dockerfile: what it copies is there, its packages are pinned, and it builds."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "envs/Dockerfile"


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions and their arguments, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def steps():
    return instructions(DOCKERFILE.read_text(encoding="utf-8"))


def missing_sources(steps: list[tuple[str, str]]) -> list[str]:
    """Return what is copied and is not in the repository."""
    sources = [word for name, words in steps if name == "COPY" for word in words.split()[:-1]]
    return [source for source in sources if not (ROOT / source).exists()]


def test_what_is_copied_is_there(steps):
    assert missing_sources(steps) == []
    assert missing_sources([("COPY", "Snakefile nowhere.txt ./")]) == ["nowhere.txt"]


def test_every_file_that_a_run_needs_is_copied(steps):
    copied = {word for name, words in steps if name == "COPY" for word in words.split()[:-1]}
    needed = {
        "Snakefile",
        "CITATION.cff",
        "config",
        "docs",
        "envs",
        "profiles",
        "resources",
        "rules",
        "scripts",
    }
    assert needed <= copied


def test_the_image_is_of_one_release_and_its_packages_are_pinned_by_hash(steps):
    (base,) = [words for name, words in steps if name == "FROM"]
    assert base == "python:3.11-slim-bookworm"
    runs = [words for name, words in steps if name == "RUN"]
    assert any("bash envs/install.sh" in words for words in runs)
    assert not any("pip install" in words for words in runs)
    assert "--require-hashes" in (ROOT / "envs/install.sh").read_text(encoding="utf-8")


def test_instructions_are_those_of_docker(steps):
    known = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in steps} <= known
    assert steps[0][0] == "FROM"


def works(builder: str) -> bool:
    """Tell whether a builder of images is here; docker is of no use without its daemon."""
    found = shutil.which(builder)
    return bool(found) and subprocess.run([found, "info"], capture_output=True, check=False).returncode == 0


def test_it_builds():
    builder = next((name for name in ("docker", "podman") if works(name)), None)
    if builder is None:
        pytest.skip("neither docker nor podman is here, and running, to build the image with")
    built = subprocess.run(
        [builder, "build", "--file", str(DOCKERFILE), "--tag", "dfim-test", str(ROOT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-3000:]
