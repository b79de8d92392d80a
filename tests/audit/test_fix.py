import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmnoisy.audit import fix
from mmnoisy.datasets import CSVDataset, LabelNoise
from mmnoisy.datasets.samples_file import write_rows
from mmnoisy.stamps import read_weights

CLASSES = ['ant', 'bee, or wasp', 'käfer']
#: file, given, suggested, is_issue
ROWS = [
    ('ant/0.png', 0, 1, 1),
    ('ant/1.png', 0, 0, 0),
    ('ant/2.png', 0, 2, 1),
    ('bee, or wasp/0.png', 1, 1, 0),
    ('bee, or wasp/1.png', 1, 0, 1),
    ('bee, or wasp/2.png', 1, 0, 0),
    ('käfer/0.png', 2, 0, 1),
    ('käfer/1.png', 2, 1, 1),
]


@pytest.fixture
def audit_dir(tmp_path):
    """An audit of eight images, all of one class flagged, and one image that cannot be read."""
    fields = [
        'path',
        'given_label',
        'suggested_label',
        'given_index',
        'suggested_index',
        'score',
        'is_issue',
        'source_idx',
    ]
    rows = []
    for i, (name, given, suggested, is_issue) in enumerate(ROWS):
        file = tmp_path / 'photos' / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b'an image')
        score = 0.1 + 0.02 * i if is_issue else 0.9
        rows.append([file, CLASSES[given], CLASSES[suggested], given, suggested, score, is_issue, 10 + i])
    folder = tmp_path / 'audit'
    folder.mkdir()
    write_rows(folder / 'issues.csv', fields, rows, dict(checksum='sha256:x', classes=CLASSES))
    broken = dict(path=str(tmp_path / 'photos/ant/broken.png'), reason='it is empty.')
    (folder / 'audit.json').write_text(
        json.dumps(dict(classes=CLASSES, data=str(tmp_path / 'photos'), unreadable=[broken]))
    )
    return folder


def listed(path, root):
    with Path(path).open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    return {
        Path(row['path']).relative_to(root / 'photos').as_posix(): (row['label'], *list(row.values())[2:])
        for row in rows
    }


def write_ticks(path, rows, fields=('path', 'tick', 'label')):
    with path.open('w', newline='', encoding='utf-8') as file:
        csv.writer(file).writerows([fields, *rows])
    return path


def snapshot(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob('*') if path.is_file()}


def test_drop_leaves_flagged_images_out_and_no_class_empty(audit_dir, tmp_path):
    before = snapshot(tmp_path)
    fixed = fix(audit_dir)
    assert fixed.out == audit_dir / 'clean.csv'
    assert listed(fixed.out, tmp_path) == {
        'ant/1.png': ('ant',),
        'bee, or wasp/0.png': ('bee, or wasp',),
        'bee, or wasp/2.png': ('bee, or wasp',),
        'käfer/0.png': ('käfer',),
        'käfer/1.png': ('käfer',),
    }
    assert "class 'käfer' are flagged: its 2 images are kept" in fixed.notes[0]
    assert fixed.changes[0] == dict(zip(fixed.changes[0], ['ant', 3, 2, 0, 0, 0, 1]))
    text = str(fixed)
    assert 'broken.png: it is empty.' in text and 'käfer' in text and fixed.notes[0] in text
    assert {path: value for path, value in snapshot(tmp_path).items() if path != fixed.out} == before


def test_relabel_takes_the_suggestions(audit_dir, tmp_path):
    fixed = fix(audit_dir, 'relabel', out=tmp_path / 'new' / 'list.csv')
    labels = {name: values[0] for name, values in listed(fixed.out, tmp_path).items()}
    assert labels == {name: CLASSES[suggested if is_issue else given] for name, given, suggested, is_issue in ROWS}
    assert not fixed.notes  # käfer keeps ant/2.png
    assert [(change['relabelled'], change['gained'], change['after']) for change in fixed.changes] == [
        (2, 2, 3),
        (1, 2, 4),
        (2, 1, 1),
    ]


def test_weight_keeps_all_with_their_score(audit_dir, tmp_path):
    found = listed(fix(audit_dir, 'weight').out, tmp_path)
    assert len(found) == 8 and found['ant/0.png'] == ('ant', '0.1') and found['ant/1.png'] == ('ant', '1')
    assert found['käfer/1.png'] == ('käfer', '0.24')


@pytest.mark.parametrize('fields', [('path', 'tick', 'label'), ('source_idx', 'tick', 'label')])
def test_a_person_wins(audit_dir, tmp_path, fields):
    said = [
        ('ant/0.png', 'right', ''),
        ('ant/1.png', 'wrong', 'käfer'),
        ('ant/2.png', 'unsure', ''),
        ('bee, or wasp/0.png', 'wrong', ''),
        ('bee, or wasp/1.png', 'wrong', ''),
        ('bee, or wasp/1.png', 'right', ''),  # the last line counts
        ('bee, or wasp/2.png', '', ''),
        ('käfer/0.png', 'WRONG', ''),
    ]
    numbers = {name: 10 + i for i, (name, *_) in enumerate(ROWS)}
    rows = [(tmp_path / 'photos' / n if fields[0] == 'path' else numbers[n], *rest) for n, *rest in said]
    ticks = write_ticks(tmp_path / 'ticks.csv', rows, fields)
    labels = {
        policy: {name: v[0] for name, v in listed(fix(audit_dir, policy, ticks).out, tmp_path).items()}
        for policy in ('drop', 'relabel', 'weight')
    }
    sure = {
        'ant/0.png': 'ant',
        'ant/1.png': 'käfer',
        'bee, or wasp/1.png': CLASSES[1],
        'bee, or wasp/2.png': CLASSES[1],
    }
    assert labels['drop'] == sure
    assert labels['relabel'] == {**sure, 'ant/2.png': 'käfer', 'käfer/0.png': 'ant', 'käfer/1.png': CLASSES[1]}
    assert labels['weight'] == {**sure, 'ant/2.png': 'ant', 'käfer/1.png': 'käfer'}


def test_a_class_that_a_person_empties_is_told(audit_dir, tmp_path):
    ticks = write_ticks(tmp_path / 't.csv', [(tmp_path / f'photos/käfer/{i}.png', 'wrong', 'ant') for i in range(2)])
    fixed = fix(audit_dir, ticks=ticks)
    assert 'käfer' not in {row[1] for row in fixed.rows} and 'ticked as wrong' in fixed.notes[0]


def test_the_data_set_reads_the_list(audit_dir, tmp_path):
    fixed = fix(audit_dir, 'relabel')
    data = CSVDataset(ann_file=str(fixed.out))
    assert data.CLASSES == tuple(sorted(CLASSES)) and len(data) == 8
    assert all(os.path.isfile(data.get_data_info(i)['img_path']) for i in range(8))
    assert np.bincount(data.get_gt_labels()).tolist() == [3, 4, 1]


def test_weights_reach_the_loss(audit_dir, tmp_path):
    init_default_scope('mmpretrain')
    source = dict(type='mmnoisy.CSVDataset', ann_file=str(fix(audit_dir, 'weight').out))
    pack = dict(type='PackInputs', algorithm_keys=('sample_weight',))
    data = LabelNoise(source, pipeline=[pack])
    data.pipeline.transforms.insert(0, lambda info: {**info, 'img': np.zeros((2, 2, 3), np.uint8)})
    weights = read_weights([data[i]['data_samples'] for i in range(len(data))])
    expected = {row[0]: float(row[2]) for row in fix(audit_dir, 'weight').rows}
    assert weights.tolist() == pytest.approx([expected[data.get_data_info(i)['img_path']] for i in range(len(data))])
    assert len(set(expected.values())) > 3
    (tmp_path / 'bad.csv').write_text('path,label,weight\na.png,ant,-1\n')
    with pytest.raises(ValueError, match="bad.csv, line 2.*weight.*not '-1'"):
        CSVDataset(ann_file=str(tmp_path / 'bad.csv'), check_files=False)


def test_links_in_corrected_folders(audit_dir, tmp_path):
    folder = tmp_path / 'links'
    fixed = fix(audit_dir, 'relabel', link=folder)
    assert fixed.links == folder
    found = {path.relative_to(folder).as_posix(): path.resolve() for path in folder.rglob('*.png')}
    photos = tmp_path / 'photos'
    # Both come from other classes and are called 0.png, too.
    assert found['ant/0.png'] == photos / 'käfer/0.png' or found['ant/0_2.png'] == photos / 'käfer/0.png'
    assert len(found) == 8 and all(path.is_file() for path in found.values())
    assert {found[name] for name in found if name.startswith('käfer/')} == {photos / 'ant/2.png'}
    with pytest.raises(ValueError, match='is there already'):
        fix(audit_dir, link=folder)


def test_links_do_not_lead_out_of_the_folder(tmp_path):
    from mmnoisy.audit.links import make_links

    (tmp_path / 'a.png').write_bytes(b'')
    rows = [(str(tmp_path / 'a.png'), name) for name in ('../up', '..', 'x/y', '.hidden')]
    folder = make_links(rows, tmp_path / 'links')
    assert sorted(path.name for path in folder.iterdir()) == ['_..', '_.._up', '_.hidden', 'x_y']
    with pytest.raises(ValueError, match="'x/y' and 'x_y' would share"):
        make_links([(str(tmp_path / 'a.png'), name) for name in ('x/y', 'x_y')], tmp_path / 'more')
    assert not (tmp_path / 'more').exists()


@pytest.mark.parametrize(
    'rows, fields, message',
    [
        ([('nowhere.png', 'right', '')], ('path', 'tick', 'label'), "t.csv, line 2: there is no image 'nowhere.png'"),
        ([('99', 'right', '')], ('source_idx', 'tick', 'label'), "line 2: there is no image '99'"),
        ([('10', 'maybe', '')], ('source_idx', 'tick', 'label'), "one of right, wrong, unsure, not 'maybe'"),
        ([('10', 'wrong', 'cow')], ('source_idx', 'tick', 'label'), "the label 'cow' is none"),
        ([('10', 'wrong')], ('number', 'tick'), 'the header must have tick, and path or source_idx'),
    ],
)
def test_bad_ticks(audit_dir, tmp_path, rows, fields, message):
    ticks = write_ticks(tmp_path / 't.csv', rows, fields)
    with pytest.raises(ValueError, match=message):
        fix(audit_dir, ticks=ticks)
    assert not (audit_dir / 'clean.csv').exists()


def test_bad_calls(audit_dir, tmp_path):
    with pytest.raises(ValueError, match='drop, relabel, weight'):
        fix(audit_dir, 'burn')
    with pytest.raises(FileNotFoundError, match='has no audit.json'):
        fix(tmp_path)
    with pytest.raises(FileNotFoundError, match='ticks .*none.csv does not exist'):
        fix(audit_dir, ticks=tmp_path / 'none.csv')
    with pytest.raises(ValueError, match='does not write over'):
        fix(audit_dir, out=audit_dir / 'issues.csv')
    (audit_dir / 'audit.json').write_text('{}')
    with pytest.raises(ValueError, match='audit.json is damaged'):
        fix(audit_dir)
