import cv2
import numpy as np
import pytest

from mmnoisy.datasets import CSVDataset, LabelNoise

CLASSES = ('cat', 'dog', 'emu')
LOAD = [dict(type='LoadImageFromFile', imdecode_backend='pillow'), dict(type='PackInputs')]


@pytest.fixture
def root(tmp_path):
    """Three class folders with 10 images each."""
    for number, name in enumerate(CLASSES):
        (tmp_path / 'train' / name).mkdir(parents=True)
        for i in range(10):
            cv2.imwrite(str(tmp_path / f'train/{name}/{i}.png'), np.full((6, 8, 3), 10 * number + i, np.uint8))
    return tmp_path


def write_csv(root, text, name='train.csv'):
    (root / name).write_text(text)
    return dict(ann_file=name, data_root=str(root))


def folder(root):
    return dict(type='CustomDataset', data_root=str(root), data_prefix='train')


def test_class_folders_under_label_noise(root):
    parts = {part: LabelNoise(folder(root), holdout=0.2, part=part, pipeline=LOAD) for part in ('train', 'val')}
    assert {part: len(data) for part, data in parts.items()} == dict(train=24, val=6)
    assert parts['train'].metainfo['classes'] == CLASSES
    assert 'clean_label' not in parts['train'].get_data_info(0)
    assert parts['train'].noise_summary()['realised_rate'] is None
    sample = parts['val'][0]
    assert sample['inputs'].shape == (3, 6, 8)
    assert sample['inputs'].max() == 10 * int(sample['data_samples'].gt_label) + parts['val'].source_idx[0] % 10


def test_instance_noise_reads_image_files(root):
    cv2.imwrite(str(root / 'train/cat/0.png'), np.zeros((90, 70, 3), np.uint8))
    noisy = [LabelNoise(folder(root), dict(kind='instance', rate=0.4, image_size=4)).gt_labels for _ in range(2)]
    np.testing.assert_array_equal(*noisy)
    assert 0.1 < (noisy[0] != np.repeat(range(3), 10)).mean() < 0.7


def test_map_by_class_name(root):
    data = LabelNoise(folder(root), dict(kind='asymmetric', rate=0.5, mapping={'emu': 'cat'}))
    assert (data.gt_labels[20:] == 0).sum() == 5 and (data.gt_labels[:20] == data.clean_labels[:20]).all()
    with pytest.raises(ValueError, match="names class 'cow'"):
        LabelNoise(folder(root), dict(kind='asymmetric', rate=0.5, mapping={'cow': 'cat'}))


def test_csv_with_names_and_true_labels(root):
    rows = [f'train/{name}/{i}.png,{"dog" if i == 0 else name},{name}' for name in CLASSES for i in range(10)]
    cfg = write_csv(root, 'path,label,clean_label\n' + '\n'.join(rows) + '\n')
    data = LabelNoise(dict(type='mmnoisy.CSVDataset', **cfg), pipeline=LOAD)
    assert data.metainfo['classes'] == CLASSES
    np.testing.assert_array_equal(data.clean_labels, np.repeat(range(3), 10))
    assert data.noise_summary()['realised_rate'] == pytest.approx(2 / 30)
    assert data.get_data_info(0)['gt_label'] == 1 and data.get_data_info(0)['clean_label'] == 0
    assert int(data[29]['data_samples'].gt_label) == 2
    more = LabelNoise(dict(type='mmnoisy.CSVDataset', **cfg), dict(kind='symmetric', rate=1.0))
    np.testing.assert_array_equal(more.clean_labels, data.clean_labels)


def test_csv_classes_found_given_or_from_another_file(root):
    train = write_csv(root, 'label,path\ndog,train/dog/0.png\ncat,train/cat/0.png\n\nemu,train/emu/0.png\n')
    test = write_csv(root, 'path,label\ntrain/emu/1.png,emu\n', 'test.csv')
    assert CSVDataset(**train).CLASSES == CLASSES
    assert CSVDataset(**test).get_gt_labels().tolist() == [0]
    assert CSVDataset(classes='train.csv', **test).get_gt_labels().tolist() == [2]
    assert CSVDataset(classes=['emu', 'dog', 'cat'], **train).get_gt_labels().tolist() == [1, 2, 0]
    (root / 'names.txt').write_text('emu\ncat\ndog\n')
    assert CSVDataset(classes=str(root / 'names.txt'), **train).get_gt_labels().tolist() == [2, 1, 0]
    numbers = write_csv(root, 'path,label\ntrain/cat/0.png,0\ntrain/dog/0.png,11\n')
    assert CSVDataset(**numbers).get_gt_labels().tolist() == [0, 11]
    assert len(CSVDataset(**numbers).CLASSES) == 12
    assert CSVDataset(classes=CLASSES, **write_csv(root, 'path,label\ntrain/cat/0.png,2\n')).get_gt_labels() == [2]


@pytest.mark.parametrize(
    'text, error, message',
    [
        ('path,foo\na,0\n', ValueError, r"train.csv, line 1: the header 'path,foo' .* has no column label"),
        ('', ValueError, 'train.csv is empty'),
        ('path,label\n', ValueError, 'train.csv has no rows'),
        ('path,label\ntrain/cat/0.png,cat\ntrain/cat/1.png,\n', ValueError, 'line 3: the column label is empty'),
        ('path,label\ntrain/cat/0.png\n', ValueError, 'line 2: the column label is empty'),
        (
            'path,label\n\ntrain/cat/0.png,cat\ntrain/cat/99.png,cat\n',
            FileNotFoundError,
            'line 4: there is no image .*99',
        ),
        (
            'path,label\ntrain/cat/0.png,cow\n',
            ValueError,
            r"line 2: label 'cow' is none of the 3 classes \(cat, dog, e",
        ),
        ('path,label\ntrain/cat/0.png,3\n', ValueError, "line 2: label '3' is none"),
        ('path,label,clean_label\ntrain/cat/0.png,cat,\n', ValueError, 'line 2: the column clean_label is empty'),
    ],
)
def test_bad_csv(root, text, error, message):
    with pytest.raises(error, match=message):
        CSVDataset(classes=CLASSES, **write_csv(root, text))


def test_missing_csv_and_empty_folder(root, tmp_path):
    with pytest.raises(
        RuntimeError,
        match=r'Cannot read the data set mmnoisy.CSVDataset \(data_root=.*ann_file='
        r"'no.csv'\).*no.csv does not exist",
    ):
        LabelNoise(dict(type='mmnoisy.CSVDataset', ann_file='no.csv', data_root=str(root)))
    (tmp_path / 'void').mkdir()
    with pytest.raises(RuntimeError, match='Cannot read the data set CustomDataset .*void'):
        LabelNoise(dict(type='CustomDataset', data_prefix=str(tmp_path / 'void')))
    (tmp_path / 'void' / 'cat').mkdir()
    with pytest.raises(RuntimeError, match='Found 0 files'):
        LabelNoise(dict(type='CustomDataset', data_prefix=str(tmp_path / 'void')))
