"""Writing the page."""

import base64
import hashlib
import json
import os
import shlex
from pathlib import Path
from typing import Sequence, Union

from .comparison import comparison
from .page import page
from .sources import read_sources

#: The page's own scripts, in this order.
SCRIPTS = ('ticks.js', 'cards.js', 'gallery.js', 'classes.js', 'charts.js')


def write_report(sources: Union[str, Path, Sequence[Union[str, Path]]], out: Union[str, Path, None] = None) -> Path:
    """Write one self-contained HTML page: about an audit or a run, or comparing several of them.

    The page opens from disk and asks nothing of any network. Of one source it shows what was measured, and every judged
    sample, worst first, for a person to tick as right, wrong or unsure; the ticks leave as ``ticks.csv``.

    Args:
        sources (str | Path | Sequence[str | Path]): Folder(s) of audits (``issues.csv``, ``audit.json``,
            ``neighbours.json``) or of runs (``summary.json``, ``history.csv``, ``samples.csv``, the dumped config, fits in
            ``division/``).
        out (str | Path, optional): The file, or a folder for ``report.html``. Defaults to ``report.html`` in the folder of
            a single source. The file is replaced at once, never left half written.

    Returns:
        Path: The file.

    Raises:
        ImportError: Jinja2 or Plotly is missing.
        FileNotFoundError: No such folder.
        ValueError: No source, or neither an audit nor a run; a broken file in it; no ``out`` for several sources.
    """
    _check_packages()
    folders = [sources] if isinstance(sources, (str, Path)) else list(sources)
    if not folders or (out is None and len(folders) > 1):
        raise ValueError('A report needs the folder of an audit or a run; for several, name the file to write as well.')
    out = Path(out if out is not None else folders[0])
    out = out / 'report.html' if out.is_dir() else out
    if not out.resolve().parent.is_dir():
        raise FileNotFoundError(f'{out.parent} is no folder: make it, or write the report to another place.')
    found = read_sources(folders)
    rerun = shlex.join(['mmnoisy', 'report', *(str(source.folder) for source in found), '--out', str(out.resolve())])
    if len(found) == 1:
        html = render('source.html', page(found[0], rerun))
    else:
        html = render('comparison.html', comparison(found, rerun))
    part = out.with_name(out.name + '.part')
    part.write_text(html, encoding='utf-8', errors='backslashreplace', newline='\n')
    os.replace(part, out)
    return out


def render(template: str, values: dict) -> str:
    """The page as text. Whatever comes from data is escaped; only the page's own scripts may run in it.

    Raises:
        ImportError: Jinja2 or Plotly is missing.
    """
    _check_packages()
    import jinja2
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('mmnoisy.report'), autoescape=True, undefined=jinja2.StrictUndefined
    )
    source = environment.loader.get_source
    own = '\n'.join(source(environment, name)[0] for name in SCRIPTS)
    scripts = [script.replace('\r\n', '\n').replace('\r', '\n') for script in (own, get_plotlyjs())]
    environment.filters['json_text'] = json_text
    return environment.get_template(template).render(
        values,
        style=Markup(source(environment, 'report.css')[0]),
        own_script=Markup(scripts[0]),
        plotly_script=Markup(scripts[1]),
        script_hashes=[_hash(script) for script in scripts],
    )


def json_text(value) -> str:
    """JSON that is safe inside a script element: ASCII, and no ``<`` that could end it."""
    from markupsafe import Markup

    return Markup(json.dumps(value, allow_nan=False, separators=(',', ':')).replace('<', '\\u003c'))


def _hash(script: str) -> str:
    """What a content security policy calls a script."""
    return 'sha256-' + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _check_packages() -> None:
    try:
        import jinja2  # noqa: F401
        import plotly  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'A report needs {error.name}, which is not installed: pip install "mmnoisy[features]".', name=error.name
        ) from error
