"""The way in: a configuration that is checked, completed, and read with the sheets that it names."""

from workflow.datasets import tasks_of_datasets
from workflow.references import check_claims, check_reads, check_references
from workflow.schema import complete, locate
from workflow.sheets import Sheets, read_sheets


def read_configuration(config: dict, where: str) -> Sheets:
    """Check a configuration, fill in the schema's defaults in place, and return the sheets that it names.

    ``where`` names it in messages, e.g. ``config/config.yaml``. Raises InputError with one sentence.
    """
    complete(config, where)
    sheets = read_sheets(config)
    check_references(config, tasks_of_datasets(config, sheets.tasks))
    check_reads(config, sheets)
    check_claims(map(locate, config["claims"]), config["cannot_show"])
    return sheets
