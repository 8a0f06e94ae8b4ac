"""Take the rows and columns of one dataset's variants out of a worksheet of an Excel file."""

from dfim.files.spreadsheets import worksheet_table
from dfim.files.tables import write_table
from workflow.running import running

with running(snakemake) as log:
    options = snakemake.params.options
    columns, worksheet = [*filter(None, options["columns"].values())], options["worksheet"]
    table = worksheet_table(snakemake.input[0], columns, worksheet["sheet"], worksheet["rows"])
    write_table(table, snakemake.output[0])
    log.info("%d rows of the worksheet %s", len(table), worksheet["sheet"] or "at the beginning")
