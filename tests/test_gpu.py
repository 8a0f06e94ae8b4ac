"""Jobs that were given a GPU: what says so, and the sentence where the backend does not see it."""

from dataclasses import replace

import pytest

from dfim.errors import InputError
from dfim.gpu import Seen, check_gpu

ALL = Seen(
    gpus=1,
    built_for_gpus=True,
    driver=True,
    packages=True,
    framework="TensorFlow",
    install="run 'bash envs/install.sh --gpu'",
)
NONE = replace(ALL, gpus=0)


def nobody_looks():
    pytest.fail("a framework is imported in a job without a GPU")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"CUDA_VISIBLE_DEVICES": ""},
        {"CUDA_VISIBLE_DEVICES": "-1", "SLURM_JOB_GPUS": "0"},
        {"CUDA_VISIBLE_DEVICES": "NoDevFiles"},
        {"SLURM_GPUS_ON_NODE": "0", "SLURM_JOB_GPUS": ""},
    ],
)
def test_without_a_gpu_nothing_is_looked_for(environment):
    assert check_gpu("train_model", 0, environment, nobody_looks) is False


@pytest.mark.parametrize(
    ("asked", "environment"),
    [
        (1, {}),
        (0, {"CUDA_VISIBLE_DEVICES": "0"}),
        (0, {"SLURM_JOB_GPUS": "0"}),
        (0, {"SLURM_GPUS_ON_NODE": "2"}),
    ],
)
def test_a_gpu_that_is_given_must_be_seen(asked, environment):
    assert check_gpu("train_model", asked, environment, lambda: ALL) is True
    with pytest.raises(InputError, match="was given a GPU"):
        check_gpu("train_model", asked, environment, lambda: NONE)


ASKED = "the job of train_model was given a GPU (gpu=1 among its resources), and TensorFlow sees none: "
SLURM = "the job of train_model was given a GPU (CUDA_VISIBLE_DEVICES=0), and TensorFlow sees none: "
OUT = "; or, to compute on a processor, take gpu out of its resources."
NOTHING = "; or, to compute on a processor, set CUDA_VISIBLE_DEVICES to nothing."
CASES = {
    "another TensorFlow": (
        1,
        {},
        replace(NONE, built_for_gpus=False, driver=False),
        f"{ASKED}it was built without CUDA. For one with CUDA run 'bash envs/install.sh --gpu'{OUT}",
    ),
    "no driver": (
        0,
        {"CUDA_VISIBLE_DEVICES": "0"},
        replace(NONE, driver=False, packages=False),
        f"{SLURM}the machine has no driver of a GPU. Run it where 'nvidia-smi' lists a GPU{NOTHING}",
    ),
    "packages for processors": (
        0,
        {"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_GPUS": "3"},
        replace(NONE, packages=False),
        f"{SLURM}the packages of CUDA are not installed. To install them run 'bash envs/install.sh "
        f"--gpu'{NOTHING}",
    ),
    "hidden": (
        1,
        {"CUDA_VISIBLE_DEVICES": ""},
        NONE,
        f"{ASKED}CUDA_VISIBLE_DEVICES hides them all. Unset it{OUT}",
    ),
    "JAX": (
        0,
        {"CUDA_VISIBLE_DEVICES": "0"},
        replace(NONE, built_for_gpus=False, framework="JAX", install="run 'pip install \"jax[cuda12]\"'"),
        "the job of train_model was given a GPU (CUDA_VISIBLE_DEVICES=0), and JAX sees none: it was built "
        f"without CUDA. For one with CUDA run 'pip install \"jax[cuda12]\"'{NOTHING}",
    ),
    "another GPU": (
        0,
        {"CUDA_VISIBLE_DEVICES": "0"},
        NONE,
        f"{SLURM}the driver shows it none of its GPUs. See what 'nvidia-smi' lists there, and "
        f"CUDA_VISIBLE_DEVICES{NOTHING}",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_sentence_says_what_is_missing_and_how_to_mend_it(case):
    asked, environment, seen, sentence = CASES[case]
    with pytest.raises(InputError) as refused:
        check_gpu("train_model", asked, environment, lambda: seen)
    assert str(refused.value) == sentence
