"""Ask the portals which files the accessions of sheets have, and write the locks; say what changed."""

from pathlib import Path

from dfim.accessions.lock import by_accession, differences, read_lock, write_lock
from dfim.accessions.portals import Portals
from dfim.accessions.resolve import resolve
from dfim.errors import InputError
from running import running

with running(snakemake) as log:
    # Addresses come from the configuration and not as parameters: a change of them makes no lock outdated.
    addresses = {name: value for name, value in snakemake.config["accessions"].items() if name != "folder"}
    portals, failed = Portals(addresses, snakemake.config["downloads"]), []
    for path, accessions in snakemake.params.locks.items():
        before = read_lock(path) if Path(path).is_file() else []
        files = []
        for accession in accessions:
            try:
                files += resolve(portals, accession)
            except InputError as error:
                log.error("error: %s", error)
                failed.append(accession)
                files += by_accession(before).get(accession, [])
        if failed and snakemake.output:
            continue  # what other rules wait for is whole or not there
        for line in differences(before, files):
            log.info("%s", line)
        write_lock(files, path)
        gigabytes = sum(one.bytes for one in files) / 1e9
        log.info("%s: %d accessions, %d files, %.1f GB", path, len(accessions), len(files), gigabytes)
    if failed:
        raise InputError(f"{', '.join(failed)}: not resolved, for the reasons above.")
