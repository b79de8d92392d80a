"""A method's README is short, links each part that its configs use, and its links hold."""

import os
import re

import pytest

from mmnoisy.evaluation.method_parts import MethodParts, source_file
from tests.helpers import CONFIGS, ROOT

READMES = sorted(CONFIGS.glob('*/README.md'))
each_readme = pytest.mark.parametrize('path', READMES, ids=lambda path: path.parent.name)
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')


@pytest.fixture(scope='module')
def parts():
    return MethodParts(CONFIGS)


@each_readme
def test_parts_are_linked(path, parts):
    text = path.read_text()
    used = parts.used(path.parent.name)
    common = (
        {'MaskNoise', 'SegmentationSummaryHook'}
        if path.parent.name == 'segmentation'
        else {'LabelNoise', 'SummaryHook'}
    )
    assert common <= used
    for name in used:
        link = os.path.relpath(source_file(name), path.parent)
        assert f'[`{name}`]({link})' in text, f'run `make tables`: {path} does not link {name}'


@pytest.mark.parametrize(
    'path', [*READMES, ROOT / 'README.md', ROOT / 'CHANGELOG.md'], ids=lambda path: str(path.relative_to(ROOT))
)
def test_links_hold(path):
    for link in LINK.findall(path.read_text()):
        if '://' not in link:
            assert (path.parent / link.partition('#')[0]).exists(), f'{path}: {link}'


@pytest.mark.parametrize(
    'method, files',
    [
        ('m_correction', ['loss_mixture_hook.py', 'bootstrapping_step.py']),
        ('smp', ['prototype_hook.py']),
        ('sop_plus', ['sop_loss.py', 'consistency.py']),
    ],
)
def test_files_are_found_without_the_table(method, files):
    own = re.search(r'^Parts: (.*)$', (CONFIGS / method / 'README.md').read_text(), re.M)[1]
    assert set(files) <= {os.path.basename(link) for link in LINK.findall(own)}


@each_readme
def test_a_screen_of_words(path):
    text = path.read_text()
    headings = re.findall('^## (.*)$', text, re.M)
    assert headings[-1] in ('Results', 'Notes') and 'Results' in headings, headings
    words, table = text.split('## Results')
    words = re.sub(r'<!-- parts: written.*?parts: end -->\n', '', words, flags=re.S)
    assert words.count('\n') <= 45
    table = re.sub(r'<!-- results: written.*?results: end -->', '', table, flags=re.S)
    for line in (words + table).splitlines():
        assert len(line) <= 130 or line.startswith('|'), line
