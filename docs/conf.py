"""The site: ``make docs`` builds it into ``docs/_build/html`` and fails on a warning."""

import collections
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / 'docs')]

import pages  # noqa: E402

from mmnoisy import __version__  # noqa: E402

project, author, release = 'mmnoisy', 'the mmnoisy authors', __version__
extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'sphinx_copybutton',
]
html_theme = 'furo'
html_title = f'mmnoisy {release}'
exclude_patterns = ['_build']
myst_heading_anchors = 3
myst_enable_extensions = ['attrs_inline', 'colon_fence']
copybutton_prompt_text = '$ '

autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # the docstrings have types, with shapes
# A package of an extra that is not installed is not needed to describe what uses it.
autodoc_mock_imports = [
    name for name in ('jinja2', 'markupsafe', 'plotly', 'timm') if not importlib.util.find_spec(name)
]
napoleon_numpy_docstring = False


def skip_fields(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples: their class describes them, Python's own text says "Alias for field 0"."""
    return True if isinstance(obj, collections._tuplegetter) else skip


def setup(app):
    """Write the pages that are generated before Sphinx looks for pages."""
    app.connect('autodoc-skip-member', skip_fields)
    app.connect('builder-inited', lambda app: pages.write_pages(ROOT))
