#!/usr/bin/env bash
# Pin envs/requirements.in: hashes for pip (requirements.txt), the same versions for conda (dfim.yaml).
# Needs uv (pip install uv).
set -euo pipefail
cd "$(dirname "$0")"
uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links requirements.in --output-file requirements.txt
{
    cat <<HEADER
# Written by lock.sh: the same pins as requirements.txt, with bedtools from bioconda.
channels:
  - conda-forge
  - bioconda
dependencies:
  - python=3.11
  - bedtools=2.31
  - pip
  - pip:
HEADER
    sed -nE 's/^([a-z0-9][^ ]*==[^ ]+) \\$/      - \1/p' requirements.txt
} > dfim.yaml
