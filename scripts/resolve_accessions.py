"""Ask the portals which files the accessions of sheets have, and what queries find; write it, say what changed."""

from pathlib import Path

from dfim.accessions.lock import by_accession, differences, read_lock, write_lock
from dfim.accessions.portals import Portals
from dfim.accessions.queries import found_words, query_tasks, task_differences, write_tasks
from dfim.accessions.resolve import resolve
from dfim.errors import InputError
from workflow.running import running
from workflow.sheets import read_tasks

with running(snakemake) as log:
    # Addresses come from the configuration and not as parameters: a change of them makes no lock outdated.
    addresses = {name: value for name, value in snakemake.config["accessions"].items() if name != "folder"}
    portals, failed = Portals(addresses, snakemake.config["downloads"]), []

    def resolved(accession, known):
        """Return the files of an accession; those that are known when it cannot be resolved, which is noted."""
        try:
            return resolve(portals, accession)
        except InputError as error:
            log.error("error: %s", error)
            failed.append(accession)
            return known.get(accession, [])

    for path, accessions in snakemake.params.locks.items():
        before = read_lock(path) if Path(path).is_file() else []
        files = [one for name in accessions for one in resolved(name, by_accession(before))]
        if failed and snakemake.output:
            continue  # what other rules wait for is whole or not there
        changes = differences(before, files)
        write_lock(files, path)
        gigabytes = sum(one.bytes for one in files) / 1e9
        log.info("%s: %d accessions, %d files, %.1f GB", path, len(accessions), len(files), gigabytes)
        log.info("%s", "\n".join(changes) or "nothing changed")
    for path, query in snakemake.params.queries.items():
        try:
            found = query_tasks(portals, query["encode"])
        except InputError as error:
            log.error("error: %s", error)
            failed.append(query["name"])
            continue
        before = read_tasks(path) if Path(path).is_file() else []
        beside = read_tasks(query["beside"]) if query["beside"] else []
        words = found_words(query["name"], len(found), len(beside), query["expected"])
        write_tasks(found + beside, [f"{words}. 'snakemake accessions' asks again."], path)
        log.info("%s: %s", path, words)
        log.info("%s", "\n".join(task_differences(before, found + beside)) or "nothing changed")
    if failed:
        raise InputError(f"{', '.join(failed)}: not resolved, for the reasons above.")
