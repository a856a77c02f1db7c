"""Write the tables of a study as one page for people."""

from pathlib import Path
from typing import Any

from meta_rl import files, job
from meta_rl.errors import UserError
from meta_rl.pages import summary
from meta_rl.tables import io


def main(tables: list[Path], spec: dict[str, Any], page: Path) -> str:
    """Write `page` (HTML, self-contained). A table is known by its file's name.

    Spec: `study`, `smoke`, `wrong`, `controls`.
    """
    paths = {path.stem: path for path in tables}
    if missing := [table.name for table in summary.TABLES if table.name not in paths]:
        raise UserError(f"tables: the summary needs {', '.join(missing)} too")
    frames = {table.name: io.read(paths[table.name], table) for table in summary.TABLES}
    html = summary.page(spec["study"], frames, spec["smoke"], spec["wrong"], spec["controls"])
    files.write_text(page, html)
    return f"a page of {len(html) / 1000:.0f} kB"


if __name__ == "__main__":
    job.run(main)
