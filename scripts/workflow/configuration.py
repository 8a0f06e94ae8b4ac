"""The way in: a configuration that is checked, completed, and read with the sheets that it names."""

from workflow.backgrounds import set_backgrounds
from workflow.datasets import tasks_of_datasets
from workflow.ensembles import add_networks
from workflow.groups import name_groups
from workflow.included import include
from workflow.nulls import set_nulls
from workflow.references import check_claims, check_reads, check_references
from workflow.schema import complete, locate
from workflow.sheets import Sheets, read_sheets


def read_configuration(config: dict, where: str) -> Sheets:
    """Check a configuration, complete it in place, and return the sheets that it names.

    What it includes is laid beneath it, the schema's defaults and its background are filled in, groups that
    conditions name are written out, and the networks beside its models are added.

    ``where`` names it in messages, e.g. ``config/config.yaml``. Raises InputError with one sentence.
    """
    include(config, where)
    complete(config, where)
    set_backgrounds(config)
    name_groups(config)
    sheets = read_sheets(config)
    tasks = tasks_of_datasets(config, sheets.tasks)
    check_references(config, tasks)
    set_nulls(config)
    check_reads(config, sheets)
    check_claims(map(locate, config["claims"]), config["cannot_show"])
    add_networks(config, tasks)
    return sheets
