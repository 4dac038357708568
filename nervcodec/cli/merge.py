"""The command `nervc merge`."""

import click

import nervcodec
from nervcodec.cli.display import show_written
from nervcodec.cli.types import check_file_target


@click.command()
@click.argument("base", metavar="BASE")
@click.argument("packs", metavar="PACK...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="TARGET", help="The .nerv file to write.")
@click.option("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Write the result as a JSON line to standard output.")
def merge(base: str, packs: tuple[str, ...], output: str, overwrite: bool, as_json: bool) -> None:
    """Put packs on top of a .nerv file, the lowest first."""
    check_file_target(output, overwrite=overwrite)
    show_written(output, nervcodec.merge(base, packs, output, overwrite=overwrite), as_json=as_json)
