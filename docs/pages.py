"""Pages that are made of what the repository holds: one of each method, one of each room of the package, the results.

They are written before each build and are not kept in the repository, so they cannot fall behind.
"""

import ast
import re
from pathlib import Path

#: What an address in a README below ``configs/<method>/`` becomes on the page of the method.
_LINKS = (
    # A part of the package: its entry in the API reference.
    (r'\[`([\w.]+)`\]\((?:\.\./)*(mmnoisy)/([\w/]+?)/\w+\.py\)', lambda m: f'{{py:obj}}`{m[1]} <{_dotted(m)}>`'),
    # Another method's folder or README.
    (r'\]\(\.\./([a-z]\w+)/?(?:README\.md)?(#[\w-]+)?\)', lambda m: f']({m[1]}.md{m[2] or ""})'),
    (r'\]\(configs/([a-z]\w+)\)', lambda m: f'](methods/{m[1]}.md)'),
    # Any other file of the repository: its path, without a link.
    (r'\[([^\]]+)\]\((?!https?://|#|methods/|\w+\.md)([^)]+)\)', lambda m: f'{m[1]}'),
)


def _dotted(match) -> str:
    return '.'.join([match[2], *match[3].split('/'), match[1]])


def with_links(text: str) -> str:
    """A README's text with links that hold on the site."""
    for pattern, put in _LINKS:
        text = re.sub(pattern, put, text)
    return text


def method_pages(root: Path) -> dict:
    """``{page: text}``: the README of each method, and the list of them."""
    readmes = sorted((root / 'configs').glob('*/README.md'))
    found = {f'methods/{path.parent.name}.md': with_links(path.read_text(encoding='utf-8')) for path in readmes}
    names = '\n'.join(path.parent.name for path in readmes)
    found['methods/index.md'] = (
        '# Methods\n\nOne page a method: the paper, its parts, the recipe, where it deviates, what was measured. The text is '
        f'that of `configs/<method>/README.md`.\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n'
    )
    return found


def results_page(root: Path) -> str:
    """The table of methods, as it stands in the root README, under the head that is written by hand."""
    readme = (root / 'README.md').read_text(encoding='utf-8')
    section = re.search(r'(?ms)^## Methods\n(.+?)^## ', readme)[1]
    head = (root / 'docs' / 'results_head.txt').read_text(encoding='utf-8')
    return f'{head}\n{with_links(section.strip())}\n'


def api_pages(root: Path) -> dict:
    """``{page: text}``: what each room of the package offers, from its docstrings."""
    package = root / 'mmnoisy'
    modules = [path for path in sorted(package.glob('*.py')) if not path.name.startswith('__')]
    rooms = sorted(path.parent for path in package.rglob('__init__.py') if path.parent != package)
    found = {'api/mmnoisy.md': _api_page('mmnoisy', [package / '__init__.py', *modules], root)}
    for room in rooms:
        files = sorted(path for path in room.glob('*.py') if path.name != '__init__.py')
        offered = _has_all(room / '__init__.py')
        name = '.'.join(room.relative_to(root).parts)
        found[f'api/{name}.md'] = _api_page(name, [room / '__init__.py'] if offered else files, root)
    listed = '\n'.join(Path(page).stem for page in sorted(found))
    found['api/index.md'] = (
        '# API reference\n\nOne page a room of the package. Registered names are written `mmnoisy.<Name>` in configs.\n\n'
        f'```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n'
    )
    return {page: text for page, text in found.items() if text}


def _api_page(name: str, files: list, root: Path) -> str:
    lines = [f'# {name}', '', '```{eval-rst}']
    for path in files:
        parts = path.relative_to(root).with_suffix('').parts
        module = '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
        lines += [f'.. automodule:: {module}', '   :members:', '   :show-inheritance:', '']
    return '\n'.join([*lines, '```', ''])


def _has_all(path: Path) -> bool:
    """Whether a module lists what it offers."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return any(getattr(target, 'id', None) == '__all__' for target in targets)


def write_pages(root: Path) -> None:
    """Write every generated page, and take away those that are no more."""
    pages = {**method_pages(root), **api_pages(root), 'results.md': results_page(root)}
    for folder in ('methods', 'api'):
        for path in (root / 'docs' / folder).glob('*.md'):
            if f'{folder}/{path.name}' not in pages:
                path.unlink()
    for page, text in pages.items():
        path = root / 'docs' / page
        path.parent.mkdir(exist_ok=True)
        # Sphinx reads again what is newer than its last build.
        if not path.is_file() or path.read_text(encoding='utf-8') != text:
            path.write_text(text, encoding='utf-8')
