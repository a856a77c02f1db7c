"""Pages for people: self-contained HTML from the templates beside this file."""

from pathlib import Path
from typing import Any

import jinja2

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def render(template: str, **values: Any) -> str:
    """The template of that name, filled with `values`; texts in them are escaped."""
    return _TEMPLATES.get_template(template).render(**values)
