#!/usr/bin/env bash
# Install everything that the workflow needs: bedtools, and for reads bowtie2, samtools and MACS, from the system's
# packages (if they are missing), and a virtual environment .venv beside the Snakefile with hash-pinned Python
# packages. The compiled engine is made ready. Safe to run again.
#
#     bash envs/install.sh          TensorFlow for processors
#     bash envs/install.sh --gpu    and CUDA for it, 2.8 GB more to fetch; the machine needs NVIDIA's driver
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "install: $*" >&2
    exit 1
}

requirements=envs/requirements.txt
for option in "$@"; do
    [ "$option" = --gpu ] || fail "there is no option '$option'; give --gpu for TensorFlow with CUDA, or nothing."
    [ "$(uname -sm)" = "Linux x86_64" ] ||
        fail "--gpu is for Linux on x86_64, and this is $(uname -sm); install without it."
    requirements=envs/requirements-gpu.txt
done

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

python=""
for candidate in python3.11 python3 python; do
    if command -v "$candidate" >/dev/null &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11 was not found; install it (for example with apt, conda or pyenv) and run again."

packages=()
command -v bedtools >/dev/null || packages+=(bedtools)
"$python" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3.11-venv)
if [ ${#packages[@]} -gt 0 ]; then
    command -v apt-get >/dev/null ||
        fail "apt-get was not found; install ${packages[*]} by other means (bedtools: conda install -c bioconda bedtools) and run again."
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        fail "installing ${packages[*]} needs root: run 'apt-get install ${packages[*]}' as root and run again."
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi

# Only those who start from reads need these: without apt-get or root, say so and go on.
reads=()
command -v bowtie2 >/dev/null || reads+=(bowtie2)
command -v samtools >/dev/null || reads+=(samtools)
command -v macs2 >/dev/null || command -v macs3 >/dev/null || reads+=(macs)
if [ ${#reads[@]} -gt 0 ]; then
    if command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }; then
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${reads[@]}"
    else
        echo "install: ${reads[*]} are missing, which only peaks made from reads need;" \
            "install them by other means (conda: -c bioconda bowtie2 samtools macs2)." >&2
    fi
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement "$requirements"
# pip would compile with one processor. Some packages hold files for other versions of Python, which cannot be.
.venv/bin/python -m compileall -qq -j 0 .venv/lib || true
if [ -d scripts ]; then # the image of envs/Dockerfile has none yet
    .venv/bin/python -m compileall -qq -j 0 scripts
    # Else the first jobs on the clone do it, and those that begin together the same loops.
    PYTHONPATH=scripts .venv/bin/python -m dfim.interactions.compiling
fi
echo "install: done; the programs are in $(pwd)/.venv/bin"
