"""The archives of sequencing reads (SRA, ENA, DDBJ), all of which ENA's file reports cover.

https://www.ebi.ac.uk/ena/portal/api/doc describes the reports. Reads submitted to SRA or DDBJ are mirrored by
ENA as FASTQ, under the accessions that they have there.
"""

from dfim.accessions.portals import Portals
from dfim.accessions.records import ReadFile
from dfim.errors import InputError
from dfim.files.fetching import NotServed

_FIELDS = (
    "run_accession", "experiment_accession", "sample_accession", "experiment_alias", "sample_alias",
    "sample_title", "library_layout", "library_strategy", "read_count", "base_count", "first_public",
    "fastq_ftp", "fastq_md5", "fastq_bytes",
)  # fmt: skip
_LAYOUTS = {"SINGLE": "single", "PAIRED": "paired"}


def run_rows(portals: Portals, accession: str) -> list[dict[str, str]]:
    """Return ENA's rows of all runs of a study, sample, experiment or run, by column (``_FIELDS``).

    Raises InputError when there are none.
    """
    try:
        query = {"accession": accession, "result": "read_run", "fields": ",".join(_FIELDS), "format": "tsv"}
        rows = portals.rows("ena", "filereport", **query)
    except NotServed as error:
        if error.status not in (204, 400, 404):
            raise
        rows = []
    if not rows:
        raise InputError(
            f"ENA has no public runs of {accession}: check the accession; reads under controlled access are not "
            "listed, and are applied for at dbGaP (https://dbgap.ncbi.nlm.nih.gov) or EGA "
            "(https://ega-archive.org)."
        )
    return rows


def run_files(portals: Portals, accession: str) -> list[ReadFile]:
    """Return the FASTQ files of a study, sample, experiment or run.

    Raises InputError when there are no runs, when a run has no FASTQ, and when files and layout disagree.
    """
    return files_of_rows(portals, run_rows(portals, accession), accession)


def files_of_rows(portals: Portals, rows: list[dict[str, str]], accession: str) -> list[ReadFile]:
    """Return the FASTQ files of rows of :func:`run_rows`; of paired ends without reads that lost their mate.

    Raises InputError when a run has no FASTQ, and when files and layout disagree.
    """
    without = [row["run_accession"] for row in rows if not row["fastq_ftp"]]
    if without:
        raise InputError(
            f"{accession}: {', '.join(without)} {'has' if len(without) == 1 else 'have'} no FASTQ files at ENA: "
            "name the other runs, or make FASTQ files by yourself and give their paths."
        )
    rows = sorted(rows, key=lambda row: (row["experiment_accession"], row["run_accession"]))
    return [one for row in rows for one in _files_of_run(portals, row, accession)]


def _files_of_run(portals: Portals, row: dict[str, str], accession: str) -> list[ReadFile]:
    run = row["run_accession"]
    columns = [row[name].split(";") for name in ("fastq_ftp", "fastq_md5", "fastq_bytes")]
    if len({len(column) for column in columns}) != 1:
        raise InputError(f"{accession}: ENA names {len(columns[0])} files of {run} with other numbers of "
                         "checksums or sizes: ask again later.")  # fmt: skip
    files = {
        address.rsplit("/", 1)[-1]: (address, md5, size) for address, md5, size in zip(*columns, strict=True)
    }
    ends = _LAYOUTS.get(row["library_layout"], "")
    # Where reads lost their mates, ENA has a third file of them: only the pairs are used.
    names = [f"{run}.fastq.gz"] if ends == "single" else [f"{run}_1.fastq.gz", f"{run}_2.fastq.gz"]
    if ends == "single" and list(files) == [f"{run}_1.fastq.gz"]:
        names = list(files)
    if not ends or any(name not in files for name in names):
        raise InputError(
            f"{accession}: the run {run} has the layout {row['library_layout'] or '(none)'} and the files "
            f"{', '.join(files)}: name its files by hand, as fastq_1 (and fastq_2)."
        )
    return [
        _record(portals, row, accession, ends, end, *files[name]) for end, name in enumerate(names, start=1)
    ]


def _record(portals, row, accession, ends, end, address, md5, size) -> ReadFile:
    reads = int(row["read_count"] or 0)  # spots: a pair is one
    bases = int(row["base_count"] or 0)
    return ReadFile(
        asked=accession,
        portal="ENA",
        file=address.rsplit("/", 1)[-1].removesuffix(".fastq.gz"),
        address=address if "://" in address else f"{portals.addresses['files']}://{address}",
        md5=md5,
        bytes=int(size or 0),
        ends=ends,
        read_end=end,
        run=row["run_accession"],
        experiment=row["experiment_accession"],
        sample=geo_sample(row) or row["sample_accession"],
        title=row["sample_title"],
        biological_replicate=row["experiment_accession"],
        technical_replicate="1",
        cell_type="",
        assay=row["library_strategy"],
        reads=reads,
        read_length=round(bases / reads / (1 + (ends == "paired"))) if reads else 0,
        status="public",
        released=row["first_public"],
    )


def geo_sample(row: dict[str, str]) -> str:
    """Return the GEO sample (``GSM…``) of a row, which is the alias of its sample or experiment, or nothing."""
    for alias in (row["sample_alias"], row["experiment_alias"]):
        name = alias.split(":")[0].split("_")[0]
        if name.startswith("GSM"):
            return name
    return ""
