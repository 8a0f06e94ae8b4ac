"""One file of reads as a portal describes it: a row of a lock."""

from dataclasses import asdict, dataclass, fields, replace

from dfim.errors import InputError

ENDS = ("single", "paired")


@dataclass(frozen=True)
class ReadFile:
    """A FASTQ file.

    ``asked`` is the accession that it was found for. ``run`` is common to a file and its mates'; ``read_end``
    is 1 or 2, always 1 for single-end reads. Replicates are ENCODE's numbers; elsewhere the biological one is
    the experiment, and the technical one 1. ``reads`` (of this file) and ``bytes`` are 0 where the portal says
    nothing, as ``md5`` is empty then.
    """

    asked: str
    portal: str
    file: str
    address: str
    md5: str
    bytes: int
    ends: str
    read_end: int
    run: str
    experiment: str
    sample: str
    title: str
    biological_replicate: str
    technical_replicate: str
    cell_type: str
    assay: str
    reads: int
    read_length: int
    status: str
    released: str
    note: str = ""

    def row(self) -> dict[str, str]:
        """Return the row of the lock."""
        return {name: _clean(str(value)) for name, value in asdict(self).items()}

    def asked_as(self, accession: str) -> "ReadFile":
        """Return the same file, found for another accession."""
        return replace(self, asked=accession)


COLUMNS = tuple(field.name for field in fields(ReadFile))
_NUMBERS = tuple(field.name for field in fields(ReadFile) if field.type in (int, "int"))


def from_row(row: dict[str, str], where: str) -> ReadFile:
    """Return the file of a row of a lock; ``where`` names file and line in messages.

    Raises InputError for missing columns, a number that is none, ends or a read end that do not exist, and a
    file without an address.
    """
    missing = [name for name in COLUMNS if name not in row]
    if missing:
        raise InputError(
            f"{where}: the column {missing[0]!r} is missing; the columns are {', '.join(COLUMNS)}."
        )
    values = {name: row[name] for name in COLUMNS}
    for name in _NUMBERS:
        if not values[name].isdecimal():
            raise InputError(f"{where}: {name} is {values[name]!r}, and a whole number from 0 is needed.")
        values[name] = int(values[name])
    if values["ends"] not in ENDS or values["read_end"] not in (1, 2):
        raise InputError(
            f"{where}: ends is {values['ends']!r} and read_end {values['read_end']}; single or paired, and 1 or "
            "2, are needed."
        )
    if not values["address"]:
        raise InputError(f"{where}: the address is empty; a URL or a path is needed.")
    return ReadFile(**values)


def _clean(text: str) -> str:
    """Return text on one line without tabs, as a cell of a table."""
    return " ".join(text.split())
