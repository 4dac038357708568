"""The command `nervc extract`."""

import click

import nervcodec
from nervcodec.cli.display import show_written
from nervcodec.cli.types import LayerRange, check_file_target


@click.command()
@click.argument("file", metavar="FILE")
@click.option("-o", "--output", required=True, metavar="TARGET", help="The file to write.")
@click.option(
    "--layers", type=click.IntRange(min=1), metavar="N", help="Copy the first N layers, as a file of their own."
)
@click.option(
    "--packs", type=LayerRange(), help="Copy layers A to B alone, for `nervc merge`; without B, up to the last."
)
@click.option("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Write the result as a JSON line to standard output.")
def extract(
    file: str, output: str, layers: int | None, packs: tuple[int, int | None] | None, overwrite: bool, as_json: bool
) -> None:
    """Copy some layers of a .nerv file, byte by byte; layer 1 is the base."""
    check_file_target(output, overwrite=overwrite)
    if layers and not packs:
        report = nervcodec.extract(file, output, layers, overwrite=overwrite)
    elif packs and not layers:
        report = nervcodec.extract_pack(file, output, *packs, overwrite=overwrite)
    else:
        raise click.UsageError("say one of --layers and --packs")
    show_written(output, report, as_json=as_json)
