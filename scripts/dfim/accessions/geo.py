"""GEO: which reads of the archives belong to a series or a sample, through NCBI's E-utilities.

https://www.ncbi.nlm.nih.gov/books/NBK25501/ describes them. GEO's record names the study (of a series) or the
experiment (of a sample) of SRA that has its reads; the files themselves are ENA's.
"""

from dataclasses import replace

from dfim.accessions.archives import files_of_rows, geo_sample, run_rows
from dfim.accessions.portals import Portals
from dfim.accessions.records import ReadFile
from dfim.errors import InputError


def series_files(portals: Portals, accession: str) -> list[ReadFile]:
    """Return the FASTQ files of a series (``GSE…``), with the titles that its samples have at GEO.

    Raises InputError when GEO does not know the series, or no public reads of it.
    """
    record = _record(portals, accession, "gse")
    titles = {one["accession"]: one.get("title", "") for one in record.get("samples", [])}
    studies = _relations(record)
    if studies:
        rows = [row for study in studies for row in run_rows(portals, study)]
        # A study may have reads of other series; a row without a GEO sample can only be this one's.
        rows = [row for row in rows if geo_sample(row) in {"", *titles}]
        found = files_of_rows(portals, rows, accession)
    else:  # a series of series has no study of its own
        found = [one for sample in titles for one in sample_files(portals, sample, required=False)]
    if not found:
        raise _no_reads(accession)
    return [replace(one, asked=accession, title=titles.get(one.sample) or one.title) for one in found]


def sample_files(portals: Portals, accession: str, required: bool = True) -> list[ReadFile]:
    """Return the FASTQ files of a sample (``GSM…``); of one that has no reads none, unless ``required``.

    Raises InputError when GEO does not know the sample, or, if required, no public reads of it.
    """
    record = _record(portals, accession, "gsm")
    rows = [row for experiment in _relations(record) for row in run_rows(portals, experiment)]
    if not rows and required:
        raise _no_reads(accession)
    found = files_of_rows(portals, rows, accession)
    return [replace(one, sample=accession, title=record.get("title") or one.title) for one in found]


def _record(portals: Portals, accession: str, kind: str) -> dict:
    """Return GEO's summary of a series or a sample."""
    term = f"{accession}[ACCN] AND {kind}[ETYP]"
    found = portals.json("geo", "esearch.fcgi", db="gds", term=term, retmode="json")
    identifiers = found.get("esearchresult", {}).get("idlist", [])
    if not identifiers:
        raise InputError(f"GEO does not know {accession}, or does not show it yet: check the accession.")
    answer = portals.json("geo", "esummary.fcgi", db="gds", id=",".join(identifiers), retmode="json")
    records = [answer.get("result", {}).get(identifier, {}) for identifier in identifiers]
    record = next((one for one in records if one.get("accession") == accession), None)
    if record is None:
        raise InputError(f"GEO has no summary of {accession}: ask again later.")
    return record


def _relations(record: dict) -> list[str]:
    """Return the accessions of SRA that a record of GEO names."""
    return [
        one["targetobject"]
        for one in record.get("extrelations", [])
        if one.get("relationtype") == "SRA" and one.get("targetobject")
    ]


def _no_reads(accession: str) -> InputError:
    return InputError(
        f"GEO names no public reads of {accession}: those under controlled access are applied for at dbGaP "
        "(https://dbgap.ncbi.nlm.nih.gov); of others, give the paths of FASTQ files."
    )
