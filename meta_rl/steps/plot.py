"""Draw one figure from the tables of a study, as PDF and PNG."""

from pathlib import Path
from typing import Any

from meta_rl import files, job, registry
from meta_rl.errors import UserError
from meta_rl.figures import style
from meta_rl.tables import io


def main(tables: list[Path], spec: dict[str, Any], pdf: Path, png: Path) -> str:
    """Write `pdf` and `png`, byte for byte the same for the same tables, each known by its file's name.

    Spec: `figure`.
    """
    figure = registry.load("figure", spec["figure"])
    paths = {path.stem: path for path in tables}
    if missing := [table.name for table in figure.TABLES if table.name not in paths]:
        raise UserError(f"tables: figure '{spec['figure']}' needs {', '.join(missing)} too")
    frames = {table.name: io.read(paths[table.name], table) for table in figure.TABLES}
    with style.context():
        drawing = figure.build(frames)
        for path, metadata in ((pdf, {"CreationDate": None}), (png, {})):
            with files.atomic(path) as temporary:
                drawing.savefig(temporary, metadata=metadata)
    panels = [ax for ax in drawing.axes if ax.get_label() != "<colorbar>"]
    return f"figure '{spec['figure']}', {len(panels)} panels"


if __name__ == "__main__":
    job.run(main)
