#!/usr/bin/env bash
# Install what the tests on SLURM need, where that can be done: Debian's packages, as root.
set -euo pipefail
command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v sbatch >/dev/null &&
    command -v munged >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "install: SLURM is missing, and the tests on it will be skipped: they need root and apt-get." >&2
    exit 0
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge
