import base64
import csv
import hashlib
import html.parser
import io
import json
import re
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from mmnoisy.report import gallery as gallery_module
from mmnoisy.report import write_report
from mmnoisy.report.noise_charts import cut_of
from mmnoisy.report.samples import read_samples
from mmnoisy.report.thumbnails import read_thumbnails, thumbnail

from .audits import digits_audit, make_run

NASTY = '<script>alert(1)</script>'


@pytest.fixture(scope='module')
def audit(tmp_path_factory):
    return digits_audit(tmp_path_factory.mktemp('digits'), per_class=20)


class Page(html.parser.HTMLParser):
    """The tags, texts and JSON blocks of a page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.texts, self.blocks, self.scripts, self._open = [], [], {}, [], None
        self.source = path.read_text(encoding='utf-8')
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == 'script':
            self._open = dict(attrs)

    def handle_endtag(self, tag):
        if tag == 'script':
            self._open = None

    def handle_data(self, data):
        if self._open is None:
            self.texts.append(data)
        elif self._open.get('type') == 'application/json':
            self.blocks[self._open['id']] = json.loads(data)
        else:
            self.scripts.append(data)

    @property
    def text(self):
        return ' '.join(' '.join(self.texts).split())


def write_samples(path, rows, fields=('source_idx', 'given_label', 'suggested_label', 'score', 'is_issue')):
    with path.open('w', newline='', encoding='utf-8') as file:
        csv.writer(file).writerows([fields, *rows])
    return path


def test_page_of_an_audit(audit):
    out = write_report(audit)
    assert out == audit / 'report.html' and not (audit / 'report.html.part').exists()
    page = Page(out)
    with (audit / 'issues.csv').open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    data = page.blocks['samples']
    assert [data['prefix'] + path for path in data['path']] == [row['path'] for row in rows]
    assert [data['classes'][i] for i in data['given']] == [row['given_label'] for row in rows]
    assert [data['classes'][i] for i in data['suggested']] == [row['suggested_label'] for row in rows]
    assert data['score'] == sorted(data['score']) and set(data['judges']) == {'probe', 'knn'}
    assert len(data['pictures']) == len(rows) and not data['errors']
    assert len(data['neighbours']['0']) == 5 and data['neighbours']['0'][0][3]
    assert set(page.blocks['figures']) == {'score', 'pairs', 'noise', 'transition'}
    flagged = sum(row['is_issue'] == '1' for row in rows)
    for text in (
        f'{flagged} ({100 * flagged / len(rows):.1f} %)',
        'mmnoisy audit',
        f'mmnoisy report {audit}',
        'empty.png',
    ):
        assert text in page.text


def test_noise_by_neighbours_stands_beside_that_of_the_judges(audit, tmp_path):
    copy = tmp_path / 'audit'
    shutil.copytree(audit, copy)
    content = json.loads((copy / 'audit.json').read_text())
    assert 'by neighbours' not in Page(write_report(audit)).text
    rate = dict(estimate=0.123, low=0.1, high=0.15)
    content['noise_by_neighbours'] = dict(noise_rate=rate, transition=content['transition'])
    (copy / 'audit.json').write_text(json.dumps(content))
    page = Page(write_report(copy))
    assert 'neighbour_transition' in page.blocks['figures'] and '12.3 % (10.0 to 15.0)' in page.text


def test_nothing_is_asked_of_a_network_and_only_own_scripts_run(audit):
    page = Page(write_report(audit))
    assert not [
        value for _, attrs in page.tags for key, value in attrs.items() if key in ('src', 'href') and '//' in value
    ]
    policy = next(attrs['content'] for _, attrs in page.tags if attrs.get('http-equiv') == 'Content-Security-Policy')
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy and 'http' not in policy
    found = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in page.scripts}
    assert found == allowed and len(page.scripts) == 2


def test_names_and_paths_are_escaped(tmp_path):
    names = [NASTY, 'Äpfel "rot"', "it's\n<!--"] + [f'class {i}' for i in range(7)]
    folder = tmp_path / 'a "quoted" földer\nwith <b>lines</b>'
    audit = digits_audit(folder, per_class=6, classes=names)
    page = Page(write_report(audit))
    assert page.source.count('<script>') == 2 and NASTY not in page.source
    data = page.blocks['samples']
    assert data['classes'] == names
    assert data['prefix'].startswith(str(folder)) and len(data['pictures']) == 60
    assert NASTY in page.text and '<b>lines' not in page.source and 'with <b>lines</b>' in page.text
    ticks = page.blocks['figures']['pairs']['layout']['xaxis']['ticktext']
    assert '&lt;script&gt;alert(1)&lt;/script&gt;' in ticks  # Plotly reads tags in labels.


def test_page_of_a_run_without_image_files(tmp_path):
    run = make_run(tmp_path)
    page = Page(write_report(run, tmp_path / 'page.html'))
    figures = page.blocks['figures']
    assert [trace['name'] for trace in figures['history']['data']] == [
        'test',
        'noisy validation',
        'memorised wrong labels',
    ]
    assert 'pairs' not in figures  # Nothing is suggested.
    assert figures['score']['layout']['shapes'][0]['x0'] == pytest.approx(0.4, abs=0.05)
    fits = [attrs['src'] for tag, attrs in page.tags if tag == 'img']
    assert [Image.open(io.BytesIO(base64.b64decode(fit.split(',')[1]))).size for fit in fits] == [(60, 30)]
    assert page.blocks['samples']['path'] is None and page.blocks['samples']['classes'] == ['0', '1', '2']
    assert (
        "model = dict(type='<ImageClassifier>')" in page.text and f'python tools/train.py {run / "gce.py"}' in page.text
    )


def test_comparison(audit, tmp_path):
    runs = [make_run(tmp_path / 'a'), make_run(tmp_path / 'b', offset=-8)]
    page = Page(write_report([*runs, audit], tmp_path / 'page.html'))
    history, detection = (page.blocks['figures'][name]['data'] for name in ('history', 'detection'))
    assert [trace['name'] for trace in history] == ['a/run', 'a/run, memorised', 'b/run', 'b/run, memorised']
    assert history[0]['line']['color'] == history[1]['line']['color'] != history[2]['line']['color']
    assert history[2]['y'][-1] == 72.0 and [trace['name'] for trace in detection] == ['a/run', 'b/run']
    assert 'samples' not in page.blocks and '80.0' in page.text and 'audit' in page.text


def test_many_samples_have_few_pictures(audit, monkeypatch):
    monkeypatch.setattr(gallery_module, 'WORST', 30)
    monkeypatch.setattr(gallery_module, 'OF_A_CLASS', 4)
    data = Page(write_report(audit)).blocks['samples']
    rows = {int(row) for row in data['pictures']}
    shown = {row for group in data['groups'] for side in group for row in side}
    assert rows == set(range(30)) | shown and len(data['source']) == 200
    for label, (typical, suspicious) in enumerate(data['groups']):
        mine = [row for row in range(200) if data['given'][row] == label]
        assert suspicious == [row for row in mine if data['flagged'][row]][:2]
        assert typical == [row for row in mine if not data['flagged'][row]][::-1][:2]


def test_files_that_cannot_be_read_are_named(audit, tmp_path):
    broken, pipe = tmp_path / 'broken.png', tmp_path / 'gone.png'
    broken.write_bytes(b'no image')
    pictures, errors = read_thumbnails([str(broken), str(pipe), str(broken)])
    assert not pictures and set(errors) == {str(broken), str(pipe)} and 'no image' in errors[str(broken)]
    exif = Image.Exif()
    exif[0x0112] = 6  # A quarter turn.
    Image.new('RGB', (400, 200), 'red').save(tmp_path / 'turned.jpg', exif=exif)
    picture = Image.open(io.BytesIO(thumbnail(tmp_path / 'turned.jpg')))
    assert picture.format == 'WEBP' and picture.size == (48, 96)


def test_samples_of_earlier_versions_have_numbers(tmp_path):
    path = write_samples(tmp_path / 'samples.csv', [(7, 2, '', 0.9, 0), (8, 0, 2, '', 0), (9, 1, 2, 0.1, 1)])
    samples = read_samples(path)
    assert samples.classes == ['0', '1', '2'] and samples.source_idx.tolist() == [9, 7, 8]
    assert samples.given.tolist() == [1, 2, 0] and samples.suggested.tolist() == [2, -1, 2]
    assert np.isnan(samples.score[2]) and cut_of(samples) == pytest.approx(0.5)
    assert read_samples(path, ['a', 'b', 'c']).given.tolist() == [1, 2, 0]
    (tmp_path / 'samples.csv.meta.json').write_text('{"classes": ["2", "x", "y"]}')
    assert read_samples(path).given.tolist() == [1, 0, 0]  # A name counts before a number.


def test_numbers_beside_names_name_the_classes(tmp_path):
    fields = ('source_idx', 'given_label', 'given_index', 'suggested_label', 'suggested_index', 'score', 'is_issue')
    rows = [(0, 'dog', 2, 'cat', 0, 0.2, 1), (1, 'cat', 0, '', '', 0.9, 0)]
    samples = read_samples(write_samples(tmp_path / 'samples.csv', rows, fields))
    assert samples.classes == ['cat', '1', 'dog'] and samples.suggested.tolist() == [0, -1]


@pytest.mark.parametrize(
    'row, message',
    [
        ((1, 'dog', '', 0.5, 0), "line 3: 'dog' is no whole number from 0, and no class of the file"),
        ((1, '', '', 0.5, 0), 'line 3: the given label is empty'),
        ((1, 'cat', '', 'low', 0), "line 3: score must be a number in [0, 1], not 'low'"),
        ((1, 'cat', '', 1.5, 0), "line 3: score must be a number in [0, 1], not '1.5'"),
        ((1, 'cat', 0.5, 0), 'line 3: is_issue must be 0 or 1'),
        ((1, 'cat', '', 0.5, 'maybe'), "line 3: is_issue must be 0 or 1, not 'maybe'"),
        ((1, 7, '', 0.5, 0), 'source_idx 1: the given label 7 is none of the 2 classes'),
    ],
)
def test_broken_samples_are_refused(tmp_path, row, message):
    path = write_samples(tmp_path / 'samples.csv', [(0, 'cat', '', 0.5, 0), row])
    with pytest.raises(ValueError, match=re.escape(f'{path}, {message}')):
        read_samples(path, ['cat', 'ship'])


def test_refusals(tmp_path, audit):
    with pytest.raises(ValueError, match='holds neither an audit'):
        write_report(tmp_path)
    with pytest.raises(FileNotFoundError, match='is no folder'):
        write_report(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match='name the file to write'):
        write_report([audit, audit.parent])
    with pytest.raises(ValueError, match='is named twice'):
        write_report([audit, audit], tmp_path / 'page.html')
    run = make_run(tmp_path)
    (run / 'summary.json').write_text('{"epochs": ')
    with pytest.raises(ValueError, match=r'summary\.json cannot be read'):
        write_report(run)
    (run / 'summary.json').write_text('{}')
    (run / 'audit.json').write_text('{}')
    with pytest.raises(ValueError, match=r'audit\.json names no classes'):
        write_report(run)
    assert not (run / 'report.html').exists()


def test_missing_packages_are_named(audit, monkeypatch):
    monkeypatch.setitem(sys.modules, 'plotly', None)
    with pytest.raises(ImportError, match=r'needs plotly.*pip install "mmnoisy\[features\]"'):
        write_report(audit)


def test_a_class_too_small_has_no_interval(audit, tmp_path):
    folder = tmp_path / 'audit'
    shutil.copytree(audit, folder)
    content = json.loads((folder / 'audit.json').read_text())
    content['noise_by_class'][3].update(rate=None, low=None, high=None)
    content['noise_rate'] = dict(estimate=0.2, low=None, high=None)
    content['small_classes'] = ['three']
    (folder / 'audit.json').write_text(json.dumps(content))
    page = Page(write_report(folder))
    assert len(page.blocks['figures']['noise']['data'][0]['customdata']) == 9
    assert 'Estimated noise 20.0 % ' in page.text and 'Classes too small to be judged (1)' in page.text
