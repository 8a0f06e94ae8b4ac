"""Take the rows and columns of one dataset's variants out of a worksheet of an Excel file."""

from dfim.files.spreadsheets import worksheet_table
from dfim.files.tables import write_table
from running import running

with running(snakemake) as log:
    options = snakemake.params.worksheet
    table = worksheet_table(snakemake.input[0], snakemake.params.columns, options["sheet"], options["rows"])
    write_table(table, snakemake.output[0])
    log.info("%d rows of the worksheet %s", len(table), options["sheet"] or "at the beginning")
