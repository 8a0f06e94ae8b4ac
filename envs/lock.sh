#!/usr/bin/env bash
# Pin envs/requirements.in: hashes for pip (requirements.txt), the same versions for conda (dfim.yaml). The pins for
# machines with a GPU (requirements-gpu.txt, dfim-gpu.yaml) are the same, and CUDA for the TensorFlow that is pinned.
# Needs uv (pip install uv), on Linux on x86-64.
set -euo pipefail
cd "$(dirname "$0")"

lock() { # NAME OF THE CONDA ENVIRONMENT, REQUIREMENTS without an ending
    uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links "$2.in" --output-file "$2.txt"
    {
        cat <<HEADER
# Written by lock.sh: the same pins as $2.txt, with bedtools from bioconda.
channels:
  - conda-forge
  - bioconda
dependencies:
  - python=3.11
  - bedtools=2.31
  - pip
  - pip:
HEADER
        sed -nE 's/^([a-z0-9][^ ]*==[^ ]+) \\$/      - \1/p' "$2.txt"
    } > "$1.yaml"
}

lock dfim requirements
lock dfim-gpu requirements-gpu
