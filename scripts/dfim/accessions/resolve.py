"""Any accession to its FASTQ files."""

import re
from collections.abc import Callable

from dfim.accessions import archives, encode, geo
from dfim.accessions.portals import Portals
from dfim.accessions.records import ReadFile
from dfim.errors import InputError

# Kinds of accessions, by their form: what they are called, and what finds their files.
KINDS: list[tuple[str, str, Callable[[Portals, str], list[ReadFile]]]] = [
    (r"ENCSR[0-9]{3}[A-Z]{3}", "ENCODE experiment", encode.experiment_files),
    (r"ENCFF[0-9]{3}[A-Z]{3}", "ENCODE file", encode.single_files),
    (r"GSE[0-9]+", "GEO series", geo.series_files),
    (r"GSM[0-9]+", "GEO sample", geo.sample_files),
    (r"[SED]RP[0-9]{6,}|PRJ(NA|EB|DB)[0-9]+", "study of SRA, ENA or DDBJ", archives.run_files),
    (r"[SED]RS[0-9]{6,}|SAM(N|EA|D)[0-9]+", "sample of SRA, ENA or DDBJ", archives.run_files),
    (r"[SED]RX[0-9]{6,}", "experiment of SRA, ENA or DDBJ", archives.run_files),
    (r"[SED]RR[0-9]{6,}", "run of SRA, ENA or DDBJ", archives.run_files),
]
_CONTROLLED = {
    r"phs[0-9]+.*": "dbGaP (https://dbgap.ncbi.nlm.nih.gov)",
    r"EGA[A-Z][0-9]+": "EGA (https://ega-archive.org)",
}


def check_accession(accession: str, where: str) -> None:
    """Raise InputError for what is no accession of :data:`KINDS`; ``where`` names the line it is on."""
    for form, place in _CONTROLLED.items():
        if re.fullmatch(form, accession):
            raise InputError(
                f"{where}: {accession} is under controlled access: apply for it at {place}, download it by "
                "yourself, and give the paths of its files."
            )
    if not any(re.fullmatch(form, accession) for form, _, _ in KINDS):
        kinds = "; ".join(f"{what}" for _, what, _ in KINDS)
        raise InputError(f"{where}: {accession!r} is no accession that is known here ({kinds}).")


def resolve(portals: Portals, accession: str) -> list[ReadFile]:
    """Return the FASTQ files of an accession, one of :data:`KINDS`.

    Raises InputError with one sentence for everything that stands between an accession and its files.
    """
    check_accession(accession, "accessions")
    find = next(find for form, _, find in KINDS if re.fullmatch(form, accession))
    return [one.asked_as(accession) for one in find(portals, accession)]
