"""Labels that are none, in tables, label files and lists of trusted samples."""

import json

import numpy as np
import pytest
import torch
from mmpretrain.datasets import BaseDataset

from mmnoisy.datasets import CSVDataset, LabelNoise
from mmnoisy.datasets.label_file import load_labels, load_trusted

ORIGINAL = np.array([0, 1, 2, 1, 0])
HUGE = '7' * 100


def csv_dataset(tmp_path, labels, header='path,label', **kwargs):
    rows = [f'{row}.png,{label}' for row, label in enumerate(labels)]
    (tmp_path / 'train.csv').write_text('\n'.join([header, *rows]) + '\n', encoding='utf-8')
    return lambda: CSVDataset('train.csv', data_root=str(tmp_path), check_files=False, serialize_data=False, **kwargs)


def test_several_labels_an_image(tmp_path):
    infos = [dict(img_path='a.jpg', gt_label=1), dict(img_path='b.jpg', gt_label=[0, 2])]
    (tmp_path / 'list.json').write_text(json.dumps(dict(metainfo=dict(classes=['a', 'b', 'c']), data_list=infos)))
    source = dict(type=BaseDataset, ann_file=str(tmp_path / 'list.json'))
    with pytest.raises(ValueError, match=r'Row 1 .*gt_label \[0, 2\] is a list of labels: .* one label an image'):
        LabelNoise(source, pipeline=[])


@pytest.mark.parametrize(
    'labels, words',
    [
        (['0', '-1'], ['line 3', "'-1'", 'negative']),
        (['0', '20231105'], ['line 3', "'20231105'", 'too large']),
        (['0', 10**9], ['line 3', 'too large']),
        (['0', '1000000000.0'], ['line 3', 'too large']),
        (['0', HUGE], ['line 3', 'too large']),
        (['0', '9' * 4000], ['line 3', 'too large']),
        (['0', '9' * 5000], ['line 3', 'too long']),
        (['٠', '٣'], ['line 2', 'digits 0-9']),
        (['0', '１'], ['line 3', 'digits 0-9']),
        (['0', '²'], ['line 3', 'digits 0-9']),
        (['0', '1_000'], ['line 3', "'1_000'"]),
        (['0', '+1'], ['line 3', "'+1'"]),
        (['0', '1.5'], ['line 3', "'1.5'", 'whole number']),
        (['0', '"1,5"'], ['line 3', "'1,5'", 'whole number']),
        (['0', 'nan'], ['line 3', "'nan'"]),
        (['0', 'inf'], ['line 3', "'inf'"]),
        (['0', '1e400'], ['line 3', "'1e400'"]),
        (['0', '3e0'], ['line 3', "'3e0'"]),
        (['cat', '3'], ['line 3', "'3'", "'cat'", 'classes=']),
        (['cat', ''], ['line 3', 'label', 'empty']),
        (['0', '5000'], ['classes=', '5001']),
        (['1', '3'], ['line 2', 'count from 0', 'classes=']),
    ],
)
def test_labels_of_a_table(tmp_path, refused, labels, words):
    refused(csv_dataset(tmp_path, labels), 'train.csv', *words)


@pytest.mark.parametrize(
    'labels, classes, words',
    [
        (['cat', 'dog', '1'], ['cat', 'dog'], ['line 4', "'1'"]),
        (['0', '2'], ['cat', 'dog'], ['line 3', "'2'", 'cat, dog']),
        (['cat', 'Dog'], ['cat', 'dog'], ['line 3', "'Dog'", 'cat, dog']),
        (['0', '-1'], ['cat', 'dog'], ['line 3', "'-1'"]),
        (['1', '0'], ['1', '2'], ['line 3', "'0'"]),
        (['cat'], ['cat', 'cat'], ['classes', "'cat'", 'twice']),
        (['cat'], [], ['classes', 'empty']),
        (['cat'], 'none.csv', ['none.csv', 'does not exist']),
        (['cat'], 'none.txt', ['none.txt', 'does not exist']),
    ],
)
def test_labels_against_given_classes(tmp_path, refused, labels, classes, words):
    refused(csv_dataset(tmp_path, labels, classes=classes), *words)


def test_names_beside_numbers_in_clean_label(tmp_path, refused):
    refused(csv_dataset(tmp_path, ['cat,0', 'dog,1'], 'path,label,clean_label'), 'train.csv', 'clean_label', "'0'")
    refused(csv_dataset(tmp_path, ['0,cat', '1,dog'], 'path,label,clean_label'), 'train.csv', 'clean_label', "'cat'")


@pytest.mark.parametrize(
    'name, content, words',
    [
        ('a.json', '[0, 1, true, 1, 0]', ['row 2', 'True']),
        ('a.json', '[0, 1, null, 1, 0]', ['row 2', 'empty']),
        ('a.json', '[0, 1, [2], 1, 0]', ['row 2', '[2]']),
        ('a.json', '[0, 1, NaN, 1, 0]', ['row 2', 'nan']),
        ('a.json', '[0, 1, "cow", 1, 0]', ['row 2', "'cow'"]),
        ('a.json', f'[0, 1, {HUGE}, 1, 0]', ['row 2', 'too large']),
        ('a.json', f'[0, 1, {"9" * 5000}, 1, 0]', ['a.json']),
        ('a.json', '[1, 2, 3, 2, 1]', ['row 2', 'from 0']),
        ('a.json', '[[0, 1], [2, 1]]', ['shape (2, 2)', '5 samples']),
        ('a.json', '"labels"', ['list of labels']),
        ('a.json', '', ['not JSON']),
        ('a.json', '[' * 100_000, ['a.json', 'nested']),
        ('a.json', '{"labels": {"0": 1}}', ['list of labels']),
        ('a.json', '{}', ['no labels']),
        ('a.csv', 'label,label\n0,1\n1,1\n2,2\n1,1\n0,0\n', ["'label'", 'twice']),
        ('a.csv', f'label\n0\n1\n{HUGE}\n1\n0\n', ['line 4', 'too large']),
        ('a.csv', 'label\n0\n1\n٢\n1\n0\n', ['line 4', 'digits 0-9']),
        ('a.csv', 'label\n0\n1\n0_2\n1\n0\n', ['line 4', "'0_2'"]),
        ('a.csv', 'source_idx,label\n0,0\n1,1\n2,2\n3,1\n4,0\n5,0\n', ['source_idx', '5 is outside 0..4', 'line 7']),
        ('a.csv', 'source_idx,label\n0,0\n1,1\n-2,2\n3,1\n4,0\n', ['line 4', "'-2'"]),
        ('a.csv', 'source_idx,label\n0,0\n1,1\n2,2\n3,1\n', ['4', 'is missing']),
        ('a.csv', 'source_idx,label\n0,0\n1,1\n1,2\n3,1\n4,0\n', ['line 4', 'twice']),
        ('a.csv', 'source_idx,label\n0,0\n1,1\n2,2,9\n3,1\n4,0\n', ['line 4', '3 cells']),
        ('a.csv', 'PK\x03\x04\0\0', ['a.csv', 'no text']),
        ('a.npy', '\x93NUMPY\x01\x00', ['array']),
        ('a.pt', 'PK', ['torch cannot read']),
        ('a.yaml', 'x', ['.yaml', '.json']),
    ],
)
def test_label_files(tmp_path, refused, name, content, words):
    path = tmp_path / name
    path.write_text(content, encoding='utf-8')
    refused(lambda: load_labels(path, ORIGINAL, 3), 'label file', name, *words)


@pytest.mark.parametrize(
    'values, words',
    [
        (np.array([0, 1, 2**63, 1, 0], np.uint64), ['row 2', 'too large']),
        (np.array([0, 1, 2.5, 1, 0]), ['row 2', '2.5']),
        (np.array([0, 1, np.nan, 1, 0]), ['row 2', 'nan']),
        (np.array([0, 1, -1, 1, 0], np.int8), ['row 2', '-1']),
        (np.array([False] * 5), ['True', 'False']),
        (np.array([0, 1, 2, 1, 0], np.complex64), ['complex64']),
        (np.array(1), ['shape ()']),
        (np.zeros(5, dtype=[('a', int)]), ['a.npy']),
        (np.array([0, 1, 2, 1, 0], 'datetime64[s]'), ['datetime64']),
    ],
    ids=lambda value: str(getattr(value, 'dtype', '')),
)
def test_arrays(tmp_path, refused, values, words):
    np.save(tmp_path / 'a.npy', values)
    refused(lambda: load_labels(tmp_path / 'a.npy', ORIGINAL, 3), 'a.npy', *words)


@pytest.mark.parametrize(
    'content, words',
    [
        ([ORIGINAL.tolist(), ORIGINAL.tolist()], ['shape (2, 5)']),
        (dict(noisy=torch.zeros(5)), ['noisy', 'key=']),
        (torch.tensor([0, 1, 2.5, 1, 0]), ['row 2', '2.5']),
        (None, ['list of labels']),
    ],
    ids=['nested', 'keys', 'fraction', 'none'],
)
def test_torch_files(tmp_path, refused, content, words):
    torch.save(content, tmp_path / 'a.pt')
    refused(lambda: load_labels(tmp_path / 'a.pt', ORIGINAL, 3), 'a.pt', *words)


@pytest.mark.parametrize('meta', ['', '{', '[1]', '7', '{"checksum": 7}', '[' * 100_000])
def test_a_broken_companion_is_blamed_itself(tmp_path, refused, meta):
    np.save(tmp_path / 'a.npy', ORIGINAL)
    (tmp_path / 'a.npy.meta.json').write_text(meta)
    refused(lambda: load_labels(tmp_path / 'a.npy', ORIGINAL, 3), 'a.npy.meta.json', 'delete it')


@pytest.mark.parametrize(
    'old, new', [(b'(5,)', b'(5, '), (b'(5,)', b'(9' + b'9' * 40 + b',)'), (b'(5,)', b'(4000000000,)')]
)
def test_damaged_headers_of_arrays(tmp_path, refused, old, new):
    path = tmp_path / 'a.npy'
    np.save(path, ORIGINAL)
    data = path.read_bytes().replace(old, new)
    blank = len(new) - len(old)
    path.write_bytes(data.replace(b' ' * blank + b'\n', b'\n', 1))
    refused(lambda: load_labels(path, ORIGINAL, 3), 'a.npy', 'array')


def test_a_folder_as_a_label_file(tmp_path, refused):
    (tmp_path / 'a.csv').mkdir()
    refused(lambda: load_labels(tmp_path / 'a.csv', ORIGINAL, 3), 'a.csv', 'folder')
    refused(lambda: load_trusted(tmp_path / 'a.csv', 5, 3), 'a.csv', 'folder')


@pytest.mark.parametrize(
    'content, words',
    [
        ('source_idx,label\n1,2\n1,0\n', ['line 3', 'source_idx 1', 'line 2']),
        ('source_idx,label\n-1,2\n', ['line 2', "'-1'"]),
        ('source_idx,label\n1.5,2\n', ['line 2', "'1.5'"]),
        ('source_idx,label\n5,2\n', ['line 2', '5 is outside 0..4']),
        ('source_idx,label\n1,3\n', ['line 2', '3 is outside 0..2']),
        ('source_idx,label\n1,\n', ['line 2', 'empty']),
        ('source_idx,label\n1,cow\n', ['line 2', "'cow'"]),
        ('source_idx,label,label\n1,2,0\n', ["'label'", 'twice']),
        ('source_idx,label\n', ['no rows']),
        ('', ['empty']),
        (f'source_idx,label\n{HUGE},1\n', ['line 2', 'too large']),
    ],
)
def test_trusted_files(tmp_path, refused, content, words):
    (tmp_path / 'trusted.csv').write_text(content)
    refused(lambda: load_trusted(tmp_path / 'trusted.csv', 5, 3), 'trusted', 'trusted.csv', *words)


@pytest.mark.parametrize(
    'options, words',
    [
        (dict(noise={}), ['noise', 'kind', 'None']),
        (dict(noise='symmetric'), ['noise', 'dict', "'symmetric'"]),
        (dict(noise=dict(kind='symmetric', rate=0.4, inclusive='False')), ['inclusive', "'False'", 'True or False']),
        (dict(noise=dict(kind='symmetric', rate=0.4, inclusive=1)), ['inclusive', 'True or False']),
        (dict(noise=dict(kind='symmetric', rate=0.4, exact='no')), ['exact', "'no'"]),
        (dict(noise=dict(kind='symmetric', rate=True)), ['rate', 'True']),
        (dict(noise=dict(kind=['symmetric'], rate=0.4)), ['kind']),
        (dict(holdout=True), ['holdout', 'True']),
        (dict(seed=True), ['seed', 'True']),
        (dict(trusted={}), ['trusted']),
        (dict(trusted=3), ['trusted', '3']),
        (dict(trusted=dict(per_class=0)), ['per_class', '0']),
        (dict(trusted=dict(per_class=-1)), ['per_class', '-1']),
        (dict(trusted=dict(per_class=2.5)), ['per_class', '2.5']),
        (dict(trusted=dict(per_class=True)), ['per_class', 'True']),
        (dict(trusted=dict(perclass=3)), ['trusted', "'perclass'", 'per_class']),
        (dict(threshold_samples=dict(idx=0)), ['threshold_samples', "'idx'", 'index']),
        (dict(threshold_samples=dict(index='0')), ['threshold_samples', "'0'"]),
        (dict(threshold_samples=0), ['threshold_samples', 'dict']),
        (dict(conflicts='ignore'), ['conflicts', "'ignore'", 'refuse, drop']),
        (dict(save_to='labels.txt'), ['labels.txt', '.json']),
        (dict(source=None), ['source', 'dict']),
        (dict(source={}), ['source', 'type']),
        (dict(source=dict(type='Nothing')), ['Nothing']),
    ],
    ids=str,
)
def test_options_of_label_noise(tmp_path, refused, options, words):
    rows = ''.join(f'{row}.png,{row % 3}\n' for row in range(60))
    (tmp_path / 'list.csv').write_text('path,label\n' + rows)
    source = dict(
        type='mmnoisy.CSVDataset',
        ann_file='list.csv',
        data_root=str(tmp_path),
        check_files=False,
        serialize_data=False,
        pipeline=[],
    )
    assert len(LabelNoise(source, dict(kind='symmetric', rate=0.4))) == 60
    refused(lambda: LabelNoise(**dict(dict(source=source), **options)), *words)


@pytest.mark.parametrize(
    'row, words',
    [('0,1,7,0.5', ['is_issue', '7']), ('0,1,0,5', ['score', '5']), ('-1,1,0,0.5', ['-1']), ('0,1,0,nil', ['nil'])],
)
def test_samples_csv(tmp_path, refused, row, words):
    path = tmp_path / 'samples.csv'
    path.write_text(f'source_idx,given_label,is_issue,score\n{row}\n')
    (tmp_path / 'samples.csv.meta.json').write_text(json.dumps({}))
    source = dict(type='mmnoisy.Digits', serialize_data=False)
    refused(lambda: LabelNoise(source, keep=str(path)), 'samples.csv', 'line 2', *words)


def test_lists_of_real_world_data(tmp_path, refused):
    from mmnoisy.datasets.key_list import read_labels, read_lines

    path = tmp_path / 'kv.txt'
    for text, words in (
        ('a.jpg 1\nb.jpg 2\na.jpg 3\n', ['a.jpg', '1 and 3']),
        ('a.jpg -1\n', ['a.jpg -1']),
        ('a.jpg ٣\n', ['a.jpg ٣']),
        ('a.jpg\n', ['a.jpg']),
        ('\n', ['empty']),
    ):
        path.write_text(text, encoding='utf-8')
        refused(lambda: read_labels(path), 'kv.txt', *words)
    path.write_bytes('ä.jpg 1\n'.encode('latin-1'))
    refused(lambda: read_labels(path), 'kv.txt', 'line 1', 'UTF-8')
    refused(lambda: read_lines(tmp_path), str(tmp_path), 'folder')
