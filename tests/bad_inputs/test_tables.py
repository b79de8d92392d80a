"""Tables that cannot be read, or only after the reader is told how."""

import os
import sys
import zipfile

import pytest

from mmnoisy.datasets import CSVDataset
from mmnoisy.datasets.own_data import read_data


def dataset(tmp_path, content, name='train.csv', **kwargs):
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(data)
    return lambda: CSVDataset(name, data_root=str(tmp_path), check_files=False, serialize_data=False, **kwargs)


@pytest.mark.parametrize(
    'content, words',
    [
        ('', ['empty']),
        ('\n\n', ['empty']),
        ('path,label\n', ['no rows']),
        ('a/0.png,cat\na/1.png,dog\n', ['line 1', 'header', 'a/0.png,cat']),
        ('foo,bar\n0.png,cat\n', ['foo,bar', 'columns=', 'path']),
        ('path,foo\n0.png,cat\n', ['path,foo', 'label', 'columns=']),
        ('path,label,label\n0.png,cat,dog\n', ["'label'", 'twice']),
        ('path,label,Label\n0.png,cat,dog\n', ["'Label'", 'twice']),
        ('image,file,class\n0.png,1.png,cat\n', ['image', 'file', 'columns=']),
        ('path,class,category\n0.png,cat,dog\n', ['class', 'category', 'columns=']),
        ('path,label\nmy,photo.png,cat\n', ['line 2', '3 cells', 'quote']),
        ('path,label\n0.png\n', ['line 2', 'label', 'empty']),
        ('path,label\n,cat\n', ['line 2', 'path', 'empty']),
        ('path,label\n"0.png,cat\n1.png,dog\n', ['line 2', 'quot']),
        ('path,label\n"0".png,cat\n', ['line 2', 'quot']),
        ('path,label\n"0\n1.png",cat\n', ['line 2', 'line break']),
        (f'path,label\n0.png,{"c" * 200_000}\n', ['line 2', 'long']),
        (f'path,label\n0.png,{"c" * 5_000}\n', ['line 2', 'long']),
        ('path label\n0.png cat\n', ['path label', 'sep=']),
        ('path,label\0\n0.png,cat\n', ['no text']),
        ('path,label\n0.png,cat\n'.encode('utf-16-le'), ['encoding=', 'utf-16-le']),
        ('path,label\n0.png,kätzchen\n'.encode('latin-1'), ['line 2', 'encoding=', 'latin-1']),
        ('path,label\n0.png,kätzchen\n'.encode('utf-16')[:-1], ['utf-16', 'encoding=']),
        (b'\xff\xd8\xff\xe0\0\x10JFIF', ['no text']),
    ],
)
def test_csv(tmp_path, refused, content, words):
    refused(dataset(tmp_path, content), 'train.csv', *words)


@pytest.mark.parametrize(
    'options, words',
    [
        (dict(sep=';'), ["';'", 'path,label']),
        (dict(sep=';;'), ['sep', "';;'"]),
        (dict(sep=7), ['sep', '7']),
        (dict(encoding='klingon'), ['encoding', "'klingon'"]),
        (dict(encoding='utf-16'), ['encoding', 'utf-16']),
        (dict(columns=dict(path='image')), ["'image'", 'path,label']),
        (dict(columns=dict(image='path')), ['columns', "'image'", 'path, label']),
        (dict(columns='path'), ['columns', 'dict']),
        (dict(columns=dict(path='label', label='label')), ['columns', "'label'", 'path']),
    ],
    ids=str,
)
def test_options(tmp_path, refused, options, words):
    refused(dataset(tmp_path, 'path,label\n0.png,cat\n', **options), *words)


def test_a_workbook_named_csv(tmp_path, refused):
    with zipfile.ZipFile(tmp_path / 'train.csv', 'w') as file:
        file.writestr('xl/workbook.xml', '<x/>')
    refused(lambda: CSVDataset('train.csv', data_root=str(tmp_path)), 'train.csv', 'no text')


def test_places_that_are_no_files(tmp_path, refused):
    (tmp_path / 'train.csv').mkdir()
    refused(lambda: CSVDataset('train.csv', data_root=str(tmp_path)), 'train.csv', 'folder')
    refused(lambda: CSVDataset('none.csv', data_root=str(tmp_path)), 'none.csv', 'does not exist')
    (tmp_path / 'loop.csv').symlink_to(tmp_path / 'loop.csv')
    refused(lambda: CSVDataset('loop.csv', data_root=str(tmp_path)), 'loop.csv', 'does not exist')
    os.mkfifo(tmp_path / 'pipe.csv')
    refused(lambda: CSVDataset('pipe.csv', data_root=str(tmp_path)), 'pipe.csv', 'no ordinary file')


@pytest.mark.parametrize(
    'content, words',
    [
        ('{"path": "0.png", "label": "cat"}\n{"path": "1.png", "label"\n', ['line 2', 'JSON']),
        ('[{"path": "0.png", "label": "cat"}]\n', ['line 1', 'object']),
        ('{"path": "0.png", "label": ["cat"]}\n', ['line 1', 'label', "['cat']"]),
        ('{"path": "0.png", "label": "cat", "label": "dog"}\n', ['line 1', "'label'", 'twice']),
        ('{"path": "0.png", "label": "cat"}\n{"path": "1.png"}\n', ['line 2', 'label', 'empty']),
        ('{"path": "0.png", "label": null}\n', ['line 1', 'label', 'empty']),
        ('{"path": 7, "label": "cat"}\n', ['line 1', 'path', '7']),
        ('{"path": "0.png", "label": 1.5}\n', ['line 1', '1.5']),
        ('{"path": "0.png", "label": NaN}\n', ['line 1', 'nan']),
        ('{"path": "0.png", "label": true}\n', ['line 1', 'True']),
        (f'{{"path": "0.png", "label": {"9" * 5000}}}\n', ['line 1']),
        ('{"path": ' + '[' * 100_000 + '\n', ['line 1', 'nested']),
        ('', ['empty']),
    ],
)
def test_jsonl(tmp_path, refused, content, words):
    refused(dataset(tmp_path, content, 'train.jsonl'), 'train.jsonl', *words)


def test_parquet_without_a_reader(tmp_path, refused, monkeypatch):
    (tmp_path / 'train.parquet').write_bytes(b'PAR1')
    monkeypatch.setitem(sys.modules, 'pandas', None)
    refused(lambda: read_data(tmp_path / 'train.parquet'), 'train.parquet', 'pip install', 'pandas', 'pyarrow')


def test_what_is_no_parquet(tmp_path, refused, monkeypatch):
    pandas = pytest.importorskip('pandas')

    def fail(path):
        raise OSError('Invalid magic bytes.\nMore.')

    monkeypatch.setattr(pandas, 'read_parquet', fail)
    (tmp_path / 'train.parquet').write_bytes(b'nothing')
    refused(lambda: read_data(tmp_path / 'train.parquet'), 'train.parquet', 'Invalid magic bytes.')
