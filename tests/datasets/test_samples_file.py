import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmnoisy.datasets import samples_reader
from mmnoisy.datasets.label_file import checksum
from mmnoisy.datasets.samples_file import read_meta, read_rows, read_samples, write_rows, write_samples_csv
from mmnoisy.evaluation.merging import merge_samples_csv

CLASSES = ('ant', 'bee, or wasp', 'käfer "x"')
GIVEN, CLEAN = np.array([2, 0, 1, 1]), np.array([2, 1, 1, 0])


def dataset(classes=CLASSES):
    return SimpleNamespace(
        metainfo=dict(classes=classes),
        source_idx=np.array([3, 5, 6, 9]),
        given_labels=GIVEN,
        clean_labels=CLEAN,
        checksum=checksum(GIVEN),
        get_data_info=lambda row: dict(img_path=f'a b/{row}.png'),
        __len__=lambda self: 4,
    )


class FourRows(SimpleNamespace):
    def __len__(self):
        return 4


def write(path, classes=CLASSES, suggested=(2, 1, 1, 2)):
    data = FourRows(**vars(dataset(classes)))
    score, is_issue = torch.tensor([0.9, 0.1, float('nan'), 0.4]), torch.tensor([False, True, False, True])
    write_samples_csv(path, data, score, is_issue, torch.tensor(suggested))
    return data


def test_names_stand_beside_numbers(tmp_path):
    data = write(tmp_path / 's.csv')
    with (tmp_path / 's.csv').open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert [row['given_label'] for row in rows] == ['käfer "x"', 'ant', 'bee, or wasp']
    assert [row['suggested_label'] for row in rows] == ['käfer "x"', 'bee, or wasp', 'käfer "x"']
    assert [row['clean_label'] for row in rows] == ['käfer "x"', 'bee, or wasp', 'ant']
    assert [(row['given_index'], row['suggested_index'], row['clean_index']) for row in rows] == [
        ('2', '2', '2'),
        ('0', '1', '1'),
        ('1', '2', '0'),
    ]
    assert [row['path'] for row in rows] == ['a b/0.png', 'a b/1.png', 'a b/3.png']
    assert read_meta(tmp_path / 's.csv') == dict(checksum=data.checksum, classes=list(CLASSES))
    found = [(row['source_idx'], row['given_index'], row['suggested_index']) for row in read_rows(tmp_path / 's.csv')]
    assert found == [(3, 2, 2), (5, 0, 1), (9, 1, 2)]


def test_keep_reads_names_numbers_and_names_alone(tmp_path):
    data = write(tmp_path / 's.csv')
    rows, labels = np.array([9, 3, 5]), GIVEN[[3, 0, 1]]
    expected = read_samples(tmp_path / 's.csv', rows, labels, data.checksum, 'keep')
    assert expected[0].tolist() == pytest.approx([0.4, 0.9, 0.1]) and expected[1].tolist() == [True, False, True]
    for columns in (
        ('source_idx', 'given_label', 'is_issue', 'score'),
        ('source_idx', 'given_index', 'is_issue', 'score'),
    ):
        old = [[row[name] for name in columns] for row in read_rows(tmp_path / 's.csv')]
        fields = ['given_label' if name == 'given_index' else name for name in columns]
        write_rows(tmp_path / 'old.csv', fields, old, read_meta(tmp_path / 's.csv'))
        found = read_samples(tmp_path / 'old.csv', rows, labels, data.checksum, 'keep')
        assert np.array_equal(found[0], expected[0]) and np.array_equal(found[1], expected[1])


def test_classes_without_names_stay_numbers(tmp_path):
    write(tmp_path / 's.csv', classes=None, suggested=(2, -1, 1, 3))
    rows = list(read_rows(tmp_path / 's.csv'))
    assert [row['given_label'] for row in rows] == ['2', '0', '1'] and rows[2]['suggested_index'] == 3
    assert read_meta(tmp_path / 's.csv')['classes'] is None


def test_numbers_as_names_are_not_taken_for_numbers(tmp_path):
    write(tmp_path / 's.csv', classes=('2', '0', '1'))
    rows = list(read_rows(tmp_path / 's.csv'))
    assert [(row['given_label'], row['given_index']) for row in rows] == [('1', 2), ('2', 0), ('0', 1)]


def test_a_merged_file_keeps_the_classes(tmp_path):
    write(tmp_path / 'a.csv')
    write(tmp_path / 'b.csv')
    scores = merge_samples_csv([tmp_path / 'a.csv', tmp_path / 'b.csv'], tmp_path / 'c.csv')
    assert scores['precision'] == 1.0 and scores['recall'] == 1.0
    assert list(read_rows(tmp_path / 'c.csv')) == list(read_rows(tmp_path / 'a.csv'))
    assert read_meta(tmp_path / 'c.csv') == read_meta(tmp_path / 'a.csv')


@pytest.mark.parametrize(
    'line, message',
    [
        ('0,cow,1', "line 2: .*'cow'"),
        ('x,0,1', "line 2: .*'x'"),
        ('0,,1', 'line 2: the given label is empty'),
        ('0', 'line 2'),
        ('0,1,1,x', 'line 2: it has 4 cells, the header has 3'),
        ('\u0663,0,1', 'line 2: source_idx .* other digits'),
        ('1_0,0,1', "line 2: source_idx '1_0' looks like a number"),
        ('9' * 100 + ',0,1', 'line 2: source_idx .* is too large'),
        ('0,\u0663,1', 'line 2: .* other digits'),
        ('0,1_0,1', "line 2: '1_0' looks like a number"),
        ('0,' + '9' * 100 + ',1', 'line 2: .* is too large'),
        ('0,-1,1', 'line 2: the given label -1 is negative'),
        ('0,1,\u0661', 'line 2: is_issue|line 2: .* other digits'),
        ('\n\n0,0,1\n1,0,2', 'line 5: is_issue must be 0 or 1'),
    ],
)
def test_bad_lines_are_named(tmp_path, line, message):
    (tmp_path / 's.csv').write_text(f'source_idx,given_label,is_issue\n{line}\n')
    with pytest.raises(ValueError, match=message):
        list(read_rows(tmp_path / 's.csv'))


def test_a_damaged_companion_is_named(tmp_path):
    write(tmp_path / 's.csv')
    (tmp_path / 's.csv.meta.json').write_text(json.dumps('x')[:-1])
    with pytest.raises(ValueError, match='s.csv.meta.json is damaged'):
        list(read_rows(tmp_path / 's.csv'))


def test_a_long_file_is_read_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(samples_reader, 'BLOCK', 7)
    rows = [(row, row % 3, row % 2, f'{row / 100:.9g}' if row % 5 else '') for row in range(50)]
    write_rows(tmp_path / 's.csv', ['source_idx', 'given_label', 'is_issue', 'score'], rows, {})
    found = [(row['source_idx'], row['given_index'], row['is_issue']) for row in read_rows(tmp_path / 's.csv')]
    assert found == [row[:3] for row in rows]
    index, labels = np.arange(50), np.arange(50) % 3
    score, is_issue = read_samples(tmp_path / 's.csv', index, labels, 'any', 'keep')
    assert np.array_equal(score, np.where(index % 5 == 0, np.nan, index / 100), equal_nan=True)
    assert np.array_equal(is_issue, index % 2 == 1)
    with (tmp_path / 's.csv').open('a') as file:
        file.write('50,1,1,1.5\n')
    with pytest.raises(ValueError, match=r"line 52: score must be a number in \[0, 1\], not '1.5'"):
        list(read_rows(tmp_path / 's.csv'))
