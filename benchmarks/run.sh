#!/usr/bin/env bash
# Measure everything: contributions, interactions, pair tests, training, building datasets. Give the folder for tables and figure.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?give the folder for tables and figure}
mkdir -p "$folder"
python=.venv/bin/python
"$python" benchmarks/contributions.py "$folder/contributions.tsv" "${@:2}"
"$python" benchmarks/interactions.py "$folder"
"$python" benchmarks/pair_tests.py "$folder"
"$python" benchmarks/training_throughput.py
"$python" benchmarks/dataset_memory.py "$folder/dataset_memory.tsv"
