import json

import numpy as np
import pytest
import torch

from mmnoisy.datasets.label_file import load_labels, save_labels

ORIGINAL = np.array([0, 1, 2, 1, 0])
NOISY = np.array([0, 2, 2, 1, 1])


@pytest.mark.parametrize('suffix', ['json', 'npy', 'csv'])
def test_round_trip_and_checksum(tmp_path, suffix):
    path = tmp_path / 'new' / f'labels.{suffix}'
    save_labels(path, NOISY, ORIGINAL, kind='symmetric', rate=0.4, seed=0)
    loaded = load_labels(path, ORIGINAL, 3)
    assert loaded.dtype == np.int64
    np.testing.assert_array_equal(loaded, NOISY)
    with pytest.raises(ValueError, match='labels.* was made for another data set, split or order'):
        load_labels(path, ORIGINAL[::-1].copy() + [1, 0, 0, 0, 0], 3)


def test_formats_of_others(tmp_path):
    dividemix = tmp_path / '0.5_sym.json'
    dividemix.write_text(json.dumps(NOISY.tolist()))
    np.testing.assert_array_equal(load_labels(dividemix, ORIGINAL, 3), NOISY)
    csv = tmp_path / 'shuffled.csv'
    csv.write_text('worse,source_idx\n' + ''.join(f'{NOISY[row]},{row}\n' for row in (4, 2, 0, 1, 3)))
    np.testing.assert_array_equal(load_labels(csv, ORIGINAL, 3, key='worse'), NOISY)
    tensor = tmp_path / 'labels.pt'
    torch.save(torch.as_tensor(NOISY), tensor)
    np.testing.assert_array_equal(load_labels(tensor, ORIGINAL, 3), NOISY)


@pytest.mark.parametrize('text', ['0.0,2.0,2.0,1.0,1.0', '"0","2","2.","1","1"', '0,2,2,1,1'])
def test_one_reader_whatever_the_type(tmp_path, text):
    (tmp_path / 'a.json').write_text(f'[{text}]')
    (tmp_path / 'a.csv').write_text('label\n' + text.replace(',', '\n') + '\n')
    for name in ('a.json', 'a.csv'):
        labels = load_labels(tmp_path / name, ORIGINAL, 3)
        assert labels.dtype == np.int64 and labels.tolist() == NOISY.tolist()
    np.save(tmp_path / 'a.npy', NOISY.astype(np.float32))
    assert load_labels(tmp_path / 'a.npy', ORIGINAL, 3).tolist() == NOISY.tolist()


def test_names_of_classes(tmp_path):
    (tmp_path / 'a.csv').write_text('label\n' + '\n'.join(['cat', 'emu', 'emu', 'dog', 'dog']) + '\n')
    assert load_labels(tmp_path / 'a.csv', ORIGINAL, 3, classes=('cat', 'dog', 'emu')).tolist() == NOISY.tolist()
    (tmp_path / 'b.csv').write_text('label\n1\n3\n3\n2\n2\n')
    shifted = ('1', '2', '3')
    assert load_labels(tmp_path / 'b.csv', ORIGINAL, 3, classes=shifted).tolist() == NOISY.tolist()
    save_labels(tmp_path / 'ours.csv', NOISY, ORIGINAL)
    assert load_labels(tmp_path / 'ours.csv', ORIGINAL, 3, classes=shifted).tolist() == NOISY.tolist()


def test_cifar_n_file(tmp_path):
    path = tmp_path / 'CIFAR-10_human.pt'
    torch.save(dict(clean_label=ORIGINAL, worse_label=NOISY, aggre_label=ORIGINAL), path)
    np.testing.assert_array_equal(load_labels(path, ORIGINAL, 3, key='worse_label'), NOISY)
    with pytest.raises(ValueError, match='holds the keys clean_label, worse_label, aggre_label; choose one'):
        load_labels(path, ORIGINAL, 3)
    with pytest.raises(ValueError, match='another data set, split or order'):
        load_labels(path, ORIGINAL[::-1].copy()[[1, 0, 2, 3, 4]], 3, key='worse_label')


@pytest.mark.parametrize(
    'name, content, message',
    [
        ('a.json', '[0, 1]', r'a.json has labels of shape \(2,\), but the data set has 5 samples'),
        ('a.json', '[0, 1, 2, 3, 0]', r'a.json, row 3: label 3 is outside 0\.\.2 \(1 such rows\)'),
        ('a.json', '[0, 1, -2, 1, 0]', 'row 2: label -2 is negative'),
        ('a.json', '[0, 1, 2.5, 1, 0]', 'row 2: label 2.5 is not a whole number'),
        ('a.json', '["a", "b", "c", "b", "a"]', "row 0: label 'a' is not an integer"),
        ('a.json', '[0, 1, [2], 1, 0]', r'a.json, row 2: label \[2\] is a list of labels'),
        ('a.json', '{"labels": [0, 1, 2', 'a.json is not JSON'),
        ('a.json', '{"noisy": [0]}', 'holds the keys noisy; choose one'),
        ('a.json', '7', 'a list of labels is needed, not 7'),
        ('a.csv', 'source_idx,target\n0,1\n', "a.csv: it has no column 'label'"),
        ('a.csv', '', 'a.csv is empty'),
        ('a.csv', 'label\n0\n1\ncat\n1\n0\n', "line 4: label 'cat' is a name, but '0'"),
        ('a.csv', 'label\n0\n1\n1.5\n1\n0\n', "line 4: label '1.5'"),
        (
            'a.csv',
            'source_idx,label\n0,1\n0,1\n1,0\n2,0\n3,0\n',
            'line 3: source_idx 0 stands there twice; each of the 5 rows',
        ),
        ('a.npy', 'not numpy', 'a.npy: it is not an array'),
        ('a.pt', 'not torch', 'a.pt: torch cannot read it'),
        ('a.txt', '0 1 2', r"unknown suffix '.txt'; known: .json, .npy, .csv, .pt"),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_labels(path, ORIGINAL, 3)


def test_missing_file_and_unknown_suffix(tmp_path):
    with pytest.raises(FileNotFoundError, match='label file .*none.json does not exist'):
        load_labels(tmp_path / 'none.json', ORIGINAL, 3)
    with pytest.raises(ValueError, match="not as '.txt'"):
        save_labels(tmp_path / 'a.txt', NOISY, ORIGINAL)


def test_pickled_objects_are_not_run(tmp_path):
    path = tmp_path / 'a.npy'
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match='not an array'):
        load_labels(path, ORIGINAL, 3)
