import sys
import types

import numpy as np
import pytest
from mmpretrain.datasets import CustomDataset
from PIL import Image

from mmnoisy.datasets import CSVDataset, Digits, ImageFolder, LabelNoise
from mmnoisy.datasets.own_data import read_data

TEXT = 'path,label\ncat/0.png,cat\ndog/0.png,dog\ncat/1.png,cat\n'
LABELS = [0, 1, 0]


def images(root, names=('cat', 'dog'), count=2):
    for name in names:
        (root / name).mkdir(parents=True)
        for i in range(count):
            Image.new('RGB', (4, 4), (i, 0, 0)).save(root / name / f'{i}.png')
    return root


@pytest.fixture
def root(tmp_path):
    return images(tmp_path / 'my data')


@pytest.mark.parametrize(
    'name, content',
    [
        ('a.csv', TEXT.encode()),
        ('a.csv', TEXT.encode('utf-8-sig')),
        ('a.csv', TEXT.encode('utf-16')),
        ('a.csv', TEXT.replace(',', ';').encode()),
        ('a.csv', TEXT.replace(',', '\t').encode()),
        ('a.csv', TEXT.replace(',', '|').replace('\n', '\r\n').encode()),
        ('a.csv', ('\n\n' + TEXT.replace('\n', ',\n')).encode()),
        ('a.csv', TEXT.replace('path,label', 'Path,Label').encode()),
        ('a.csv', TEXT.replace('path,label', 'image,class').encode()),
        ('a.csv', TEXT.replace('path,label', 'File Name,Target').encode()),
        ('a.csv', TEXT.replace('cat/0.png', '"cat/0.png"').encode()),
        ('a.csv', TEXT.replace(',cat\n', ',0.0\n').replace(',dog\n', ',1.0\n').encode()),
        ('a.csv', TEXT.replace(',cat\n', ', 0\n').replace(',dog\n', ',1\n').encode()),
        ('a.tsv', TEXT.replace(',', '\t').encode()),
        (
            'a.jsonl',
            b'{"path": "cat/0.png", "label": "cat"}\n\n{"label": "dog", "path": "dog/0.png"}\n'
            b'{"path": "cat/1.png", "label": "cat", "extra": [1]}',
        ),
        (
            'a.jsonl',
            b'{"image": "cat/0.png", "y": 0}\n{"image": "dog/0.png", "y": 1.0}\n{"image": "cat/1.png", "y": "0"}',
        ),
    ],
)
def test_tables_in_many_forms(root, name, content):
    (root / name).write_bytes(content)
    data = read_data(root / name)
    assert data.paths == [str(root / path) for path in ('cat/0.png', 'dog/0.png', 'cat/1.png')]
    assert data.labels.tolist() == LABELS and data.classes in (['cat', 'dog'], ['0', '1'])
    assert data.split.tolist() == ['train'] * 3 and data.kind == name[2:]
    trained = CSVDataset(name, data_root=str(root), serialize_data=False, **data.reading)
    assert trained.get_gt_labels().tolist() == LABELS and list(trained.CLASSES) == data.classes
    assert [trained.get_data_info(row)['img_path'] for row in range(3)] == data.paths


def test_latin_1_and_odd_columns_when_told(root):
    (root / 'a.csv').write_bytes(TEXT.replace('dog\n', 'Bär\n').replace('path,label', 'foo,bar').encode('latin-1'))
    options = dict(path_column='foo', label_column='bar', encoding='latin-1')
    data = read_data(root / 'a.csv', **options)
    assert data.classes == ['Bär', 'cat'] and data.reading['encoding'] == 'latin-1'
    assert CSVDataset('a.csv', data_root=str(root), serialize_data=False, **data.reading).CLASSES == ('Bär', 'cat')


def test_parquet_through_pandas(root, monkeypatch):
    frame = types.SimpleNamespace(columns=['path', 'label'])
    cells = dict(path=np.array(['cat/0.png', 'dog/0.png'], object), label=np.array([1.0, 0.0]))
    frame = type('Frame', (), dict(columns=['path', 'label'], __getitem__=lambda s, k: cells[k], __len__=lambda s: 2))()
    monkeypatch.setitem(sys.modules, 'pandas', types.SimpleNamespace(read_parquet=lambda path: frame))
    (root / 'a.parquet').touch()
    data = read_data(root / 'a.parquet')
    assert data.labels.tolist() == [1, 0] and data.kind == 'parquet'


def test_numbers_from_1_are_names(root, monkeypatch):
    (root / 'a.csv').write_text(TEXT.replace(',cat\n', ',1\n').replace(',dog\n', ',2\n'))
    lines = []
    monkeypatch.setattr('mmengine.logging.print_log', lambda text, **kwargs: lines.append(text))
    data = read_data(root / 'a.csv')
    assert data.labels.tolist() == LABELS and data.classes == ['1', '2']
    assert 'the labels are the numbers 1..2' in lines[0]
    (root / 'test.csv').write_text('path,label\ncat/0.png,2\n')
    assert CSVDataset('test.csv', data_root=str(root), classes='a.csv').get_gt_labels().tolist() == [1]


def test_float_labels_of_many_classes_keep_their_order(tmp_path):
    rows = [f'{row}.png,{row % 12}.0' for row in range(24)]
    (tmp_path / 'a.csv').write_text('path,label\n' + '\n'.join(rows) + '\n')
    data = CSVDataset('a.csv', data_root=str(tmp_path), check_files=False)
    assert data.get_gt_labels().tolist() == [row % 12 for row in range(24)]
    (tmp_path / 'b.csv').write_text('path,label,clean_label\n0.png,3.0,3\n1.png,0.0,1\n')
    data = CSVDataset('b.csv', data_root=str(tmp_path), check_files=False)
    assert len(data.CLASSES) == 4 and [data.get_data_info(row)['clean_label'] for row in range(2)] == [3, 1]


def test_splits_of_a_table(root):
    (root / 'a.csv').write_text(
        'path,label,Split\ncat/0.png,cat,train\ndog/0.png,dog,TRAIN\ncat/1.png,cat,valid\ndog/1.png,dog,test\n'
    )
    data = read_data(root / 'a.csv')
    assert data.split.tolist() == ['train', 'train', 'val', 'test']
    test = CSVDataset('a.csv', data_root=str(root), split='test', **data.reading)
    assert len(test) == 1 and test.get_gt_labels().tolist() == [1] and test.CLASSES == ('cat', 'dog')
    with pytest.raises(ValueError, match="no row has the split 'foo'; found: TRAIN, test, train, valid"):
        CSVDataset('a.csv', data_root=str(root), split='foo')


def test_class_folders(root):
    (root / '.ipynb_checkpoints').mkdir()
    Image.new('RGB', (4, 4)).save(root / '.ipynb_checkpoints' / '0.png')
    (root / 'empty').mkdir()
    (root / 'dog' / 'deeper').mkdir()
    Image.new('RGB', (4, 4)).save(root / 'dog' / 'deeper' / 'x.WEBP')
    (root / 'dog' / 'Thumbs.db').touch()
    (root / 'dog' / 'deeper' / 'loop').symlink_to(root / 'dog', target_is_directory=True)
    data = read_data(root)
    assert data.classes == ['cat', 'dog'] and data.labels.tolist() == [0, 0, 1, 1, 1]
    assert data.paths[-1].endswith('dog/deeper/x.WEBP')
    assert [note.split(': ')[1].split(';')[0] for note in data.notes] == [
        'no image in the folder empty',
        'files that are no images by their suffix (1), such as dog/Thumbs.db.',
        'the folder .ipynb_checkpoints is hidden and no class.',
    ]
    trained = ImageFolder(data_root=str(root))
    assert trained.CLASSES == ('cat', 'dog')
    assert [trained.get_data_info(row)['img_path'] for row in range(5)] == data.paths


def test_classes_that_look_like_one(root):
    images(root, ('Cat', 'a\u0308', '\u00e4'))
    assert [note for note in read_data(root).notes if 'are they one?' in note] == [
        "The classes 'Cat' and 'cat' differ only in case, blanks or encoding: are they one?",
        "The classes 'a\u0308' and '\u00e4' differ only in case, blanks or encoding: are they one?",
    ]


def test_ordinary_folders_are_read_as_upstream(root):
    ours, theirs = ImageFolder(data_root=str(root)), CustomDataset(data_root=str(root))
    assert ours.CLASSES == theirs.CLASSES
    for row in range(len(theirs)):
        assert ours.get_data_info(row) == theirs.get_data_info(row)


def test_split_folders(tmp_path):
    images(tmp_path / 'Train')
    images(tmp_path / 'test', ('dog',), 3)
    data = read_data(tmp_path)
    assert data.folders == dict(train='Train', test='test') and data.classes == ['cat', 'dog']
    assert data.labels.tolist() == [0, 0, 1, 1, 1, 1, 1] and data.split.tolist() == ['train'] * 4 + ['test'] * 3
    test = ImageFolder(data_root=str(tmp_path), data_prefix='test', classes=data.classes)
    assert test.get_gt_labels().tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match='the folder .*test/dog is none of the 1 classes'):
        ImageFolder(data_root=str(tmp_path), data_prefix='test', classes=['cat'])


def test_a_class_called_train(tmp_path):
    images(tmp_path, ('car', 'plane', 'train'))
    assert read_data(tmp_path).classes == ['car', 'plane', 'train']


def test_digits_as_files(tmp_path, monkeypatch):
    monkeypatch.setenv('MMNOISY_CACHE', str(tmp_path / 'cache'))
    data = read_data('digits')
    assert (data.kind, data.source, len(data.paths)) == ('builtin', 'digits', 1797)
    assert (data.split == 'train').sum() == 1437 and data.classes == [str(digit) for digit in range(10)]
    source = Digits()
    for row in range(0, len(data.paths), 200):
        if data.split[row] == 'train':
            info = source.get_data_info(int(data.paths[row][-8:-4]))
            assert info['gt_label'] == data.labels[row]
            np.testing.assert_array_equal(np.array(Image.open(data.paths[row])), info['img'])
    assert read_data('digits').paths == data.paths and [p.name for p in (tmp_path / 'cache').iterdir()] == ['digits-1']


def test_noise_on_folders_with_hidden_ones(root):
    (root / '.cache').mkdir()
    data = LabelNoise(dict(type='mmnoisy.ImageFolder', data_root=str(root)), pipeline=[])
    assert len(data) == 4 and data.num_classes == 2
