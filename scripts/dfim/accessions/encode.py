"""ENCODE: FASTQ files of experiments, single files, and queries for ready-made peaks.

What the portal answers is described at https://www.encodeproject.org/help/rest-api/ and in its schemas
(https://www.encodeproject.org/profiles/file).
"""

import json
import logging
from collections.abc import Mapping

from dfim.accessions.portals import Portals
from dfim.accessions.records import ReadFile
from dfim.errors import InputError
from dfim.files.fetching import NotServed

logger = logging.getLogger("dfim")

_RUN_TYPES = {"single-ended": "single", "paired-ended": "paired"}
# Objects that are there to be named and not to be used; what took their place, where anything did, is told.
_GONE = {"replaced", "revoked", "deleted"}
_PAGE = 200
# What is asked for of the files that a query finds.
_PEAK_FIELDS = (
    "accession", "href", "md5sum", "file_size", "dataset", "biological_replicates", "preferred_default",
    "date_created", "status", "restricted", "assay_term_name", "biosample_ontology.term_name",
)  # fmt: skip


def experiment_files(portals: Portals, accession: str) -> list[ReadFile]:
    """Return the FASTQ files of an experiment (``ENCSR…``).

    Taken are files of reads that are released. Left out, and said in the log, are files that another
    supersedes, that were archived, and all but the newest of several files of the same lane and read end. An
    experiment that another one supersedes is taken as it was named, with a note.

    Raises InputError when the portal does not know or does not show the experiment, when it was replaced or
    revoked, when it has no such file, when a file is under controlled access, and when a mate is missing.
    """
    data = _object(portals, "experiments", accession)
    files = [one for one in data.get("files", []) if one.get("file_format") == "fastq"]
    reads = [one for one in files if one.get("output_type", "reads") == "reads"]
    if not reads:
        others = sorted({one.get("file_format", "?") for one in data.get("files", [])}) or ["nothing"]
        raise InputError(
            f"ENCODE's experiment {accession} has no FASTQ file of reads (it has {', '.join(others)}): name "
            "another experiment, or give its peaks."
        )
    chosen = _newest_of_a_lane(_usable(reads, accession))
    return _paired(portals, chosen, accession, _described(data, accession))


def single_files(portals: Portals, accession: str) -> list[ReadFile]:
    """Return one FASTQ file (``ENCFF…``), with its mate where it has one; archived files too, with a note.

    Raises InputError as :func:`experiment_files` does, and when the file is no FASTQ.
    """
    data = _object(portals, "files", accession)
    if data.get("file_format") != "fastq":
        raise InputError(
            f"ENCODE's file {accession} is {data.get('file_format', 'of no format')}, and FASTQ is needed."
        )
    _check_open([data], accession)
    files = [data]
    if data.get("paired_with"):
        mate = _object(portals, "files", _accession_of(data["paired_with"]))
        _check_open([mate], accession)
        files.append(mate)
    return _paired(portals, files, accession, _described(data, _accession_of(data.get("dataset", ""))))


def peak_files(portals: Portals, query: Mapping[str, str | list[str]]) -> list[dict]:
    """Return the peak files that a query finds, as the portal describes them, in the order of accessions.

    ``query`` has the portal's own names (``assay_title``, ``assembly``, ``output_type``, ``status``, …); one
    of several values is enough. All pages are asked for. Raises InputError when nothing is found, and when
    what is found is under controlled access.
    """
    found, total = {}, None
    asked = {"type": "File", **query, "field": _PEAK_FIELDS, "format": "json", "limit": str(_PAGE)}
    while total is None or len(found) < total:
        try:
            page = portals.json("encode", "search/", **asked, **{"from": str(len(found))})
        except NotServed as error:
            if error.status != 404:  # the portal's answer to a query that finds nothing
                raise
            page = {}
        total = page.get("total", 0)
        news = {one["accession"]: one for one in page.get("@graph", [])}
        if not news.keys() - found.keys():
            break
        found |= news
    if not found:
        words = ", ".join(f"{key} {value}" for key, value in query.items())
        raise InputError(f"ENCODE has no file for the query {words}: change the query.")
    _check_open(found.values(), "the query")
    return [found[accession] for accession in sorted(found)]


def _object(portals: Portals, collection: str, accession: str) -> dict:
    """Return an object of the portal; InputError when it is not there, not shown, or no longer to be used."""
    try:
        data = portals.json("encode", f"{collection}/{accession}/", format="json")
    except NotServed as error:
        if error.status == 404:
            raise InputError(
                f"ENCODE does not know {accession} ({collection}): check the accession."
            ) from None
        if error.status in (401, 403):
            raise InputError(
                f"ENCODE does not show {accession} to the public: it is not released; name another one."
            ) from None
        raise
    named = data.get("accession", accession)
    if named != accession:
        raise InputError(f"ENCODE's {accession} is now part of {named}: name that one.")
    if data.get("status") in _GONE:
        after = ", ".join(map(_accession_of, data.get("superseded_by", [])))
        raise InputError(
            f"ENCODE's {accession} was {data['status']}{f', and {after} took its place' if after else ''}: name "
            f"{after or 'another one'}."
        )
    return data


def _usable(files: list[dict], accession: str) -> list[dict]:
    """Return the files that are to be used of an experiment's."""
    _check_open([one for one in files if one.get("status") == "released"], accession)
    kept = []
    for one in files:
        reason = (
            f"is {one.get('status')}"
            if one.get("status") != "released"
            else f"was superseded by {', '.join(map(_accession_of, one['superseded_by']))}"
            if one.get("superseded_by")
            else "is not kept by the portal"
            if one.get("no_file_available") or not one.get("href")
            else ""
        )
        if reason:
            logger.warning("%s: the file %s %s, and is left out", accession, one.get("accession"), reason)
        else:
            kept.append(one)
    if not kept:
        states = sorted({str(one.get("status")) for one in files})
        names = ", ".join(str(one.get("accession")) for one in files)
        raise InputError(
            f"ENCODE's experiment {accession} has no FASTQ file that is released and current ({names}: "
            f"{', '.join(states)}): name the files themselves to take them."
        )
    return kept


def _check_open(files, accession: str) -> None:
    closed = [one.get("accession", "?") for one in files if one.get("restricted")]
    if closed:
        raise InputError(
            f"{accession}: ENCODE's {', '.join(closed)} is under controlled access: apply for it at dbGaP "
            "(https://dbgap.ncbi.nlm.nih.gov), download it by yourself, and give its path as fastq_1."
        )


def _newest_of_a_lane(files: list[dict]) -> list[dict]:
    """Return files without those of which a newer release is there: same replicate, lane and read end."""
    newest: dict[tuple, dict] = {}
    for one in sorted(files, key=lambda one: (one.get("date_created", ""), one["accession"])):
        replicate = one.get("replicate") or {}
        # Without a description of the lane, files are the same only if their content is.
        lane = json.dumps(one.get("flowcell_details") or one.get("md5sum"), sort_keys=True)
        numbers = [replicate.get(f"{kind}_replicate_number") for kind in ("biological", "technical")]
        key = (*numbers, one.get("run_type"), one.get("paired_end"), lane)
        if key in newest:
            logger.warning(
                "%s is an older release of %s, and is left out", newest[key]["accession"], one["accession"]
            )
        newest[key] = one
    return list(newest.values())


def _described(data: Mapping, experiment: str) -> dict:
    """Return what is said of an experiment, or of the experiment of a file."""
    successors = ", ".join(map(_accession_of, data.get("superseded_by", [])))
    status = data.get("status", "")
    notes = [f"superseded by {successors}"] * bool(successors) + [status] * (status == "archived")
    ontology = data.get("biosample_ontology")
    name = ontology.get("term_name") if isinstance(ontology, dict) else data.get("biosample_term_name")
    for note in notes:
        logger.warning("%s: %s; it is taken as it was named", data.get("accession"), note)
    return {
        "experiment": experiment,
        "title": data.get("biosample_summary", "") or data.get("simple_biosample_summary", ""),
        "cell_type": name or "",
        "assay": data.get("assay_term_name", ""),
        "note": ", ".join(notes),
    }


def _paired(portals: Portals, files: list[dict], accession: str, described: dict) -> list[ReadFile]:
    """Return the records of some files; raises InputError when one lacks its mate."""
    names = {one["accession"]: one for one in files}
    records = []
    for one in files:
        ends = _RUN_TYPES.get(one.get("run_type"), "paired" if one.get("paired_end") else "single")
        run, read_end = one["accession"], 1
        if ends == "paired":
            mate = _accession_of(one.get("paired_with", ""))
            if mate not in names:
                raise InputError(
                    f"ENCODE's {accession} has the file {run} of paired ends without its mate"
                    f"{f' {mate}' if mate else ''} among the files to be used: name the files themselves."
                )
            read_end = int(one["paired_end"])
            run = run if read_end == 1 else mate
        records.append(_record(portals, one, accession, ends, read_end, run, described))
    return sorted(
        records, key=lambda one: (one.biological_replicate, one.technical_replicate, one.run, one.read_end)
    )


def _record(portals, one: dict, accession, ends, read_end, run, described) -> ReadFile:
    replicate = one.get("replicate") or {}
    library = replicate.get("library")
    biosample = library.get("biosample", {}) if isinstance(library, dict) else {}
    return ReadFile(
        asked=accession,
        portal="ENCODE",
        file=one["accession"],
        address=portals.address("encode", one["href"]),
        md5=one.get("md5sum", ""),
        bytes=int(one.get("file_size") or 0),
        ends=ends,
        read_end=read_end,
        run=run,
        sample=biosample.get("accession", "") if isinstance(biosample, dict) else "",
        biological_replicate=str(replicate.get("biological_replicate_number", "")),
        technical_replicate=str(replicate.get("technical_replicate_number", "")),
        reads=int(one.get("read_count") or 0),
        read_length=int(one.get("read_length") or 0),
        status=one.get("status", ""),
        released=one.get("date_created", "")[:10],
        **described,
    )


def _accession_of(link: str | Mapping) -> str:
    """Return the accession in a link such as ``/files/ENCFF000AAA/``, or of an object in a link's place."""
    return link.get("accession", "") if isinstance(link, Mapping) else link.strip("/").rsplit("/", 1)[-1]
