"""A stranger's bad inputs: each is refused with one message that names the option or the file."""

import contextlib
import io
import json
import pickle
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmnoisy import api, stages
from mmnoisy.registry import DATASETS, HOOKS, MODELS

CONFIG = str(Path(__file__).parents[2] / 'configs/gce/gce_cnn3_60e_digits-sym40.py')
NAN = float('nan')


class Payload:
    """Unpickling this makes a file: nothing that is read may be executed."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return Path.touch, (Path(self.trace),)


@pytest.fixture(autouse=True)
def patience():
    """What is accepted, and trains, ends after 9 seconds."""

    def stop(*_):
        pytest.fail('it hung, or was accepted and trained')

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(9)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    for name in ('a', 'b'):
        (tmp_path / 'photos' / name).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / 'photos' / name / f'{i}.png')
    return tmp_path


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pickled(path, trace):
    return write(path, pickle.dumps(Payload(trace)))


def noise(**options):
    return lambda root: DATASETS.build(
        dict(type='mmnoisy.LabelNoise', **{'source': dict(type='mmnoisy.Digits'), 'noise': None, **options})
    )


def kind(**options):
    return noise(noise=options)


def label_file(name, content, **options):
    def call(root):
        path = write(root / name, content)
        noise(noise=dict(kind='label_file', path=str(path), **options))(root)

    return call


def model(**config):
    return lambda root: MODELS.build(config)


def hook(**config):
    return lambda root: HOOKS.build(config)


def dataset(**config):
    return lambda root: DATASETS.build(config)


def table(text, **options):
    return lambda root: api.read_data(write(root / 'list.csv', text), **options)


def main(*options, config=CONFIG):
    def call(root):
        argv = [str(config), '--work-dir', str(root / 'wd'), '--cfg-options', 'train_cfg.max_epochs=1']
        if '--cfg-options' in options:
            argv += options[options.index('--cfg-options') + 1 :]
            stages.main(argv + list(options[: options.index('--cfg-options')]))
        else:
            stages.main(argv[:3] + list(options) + argv[3:])

    return call


def config_text(text, name='mine.py'):
    return lambda root: main(config=write(root / name, text))(root)


def based(text):
    return config_text(f'_base_ = {CONFIG!r}\n{text}\n')


AUDIT = json.dumps(dict(classes=['a', 'b'], data='x', unreadable=[]))


def fix(text, **options):
    def call(root):
        write(root / 'audit/issues.csv', text)
        write(root / 'audit/audit.json', AUDIT)
        return api.fix(root / 'audit', **options)

    return call


def checkpoint(content, *options):
    """A run goes on from a file that is no checkpoint of it."""

    def call(root):
        path = root / 'bad.pth'
        content(path) if callable(content) else write(path, content)
        main(*options, '--cfg-options', f'load_from={path}')(root)

    return call


HEAD = 'source_idx,path,given_label,suggested_label,given_index,suggested_index,score,suggested_score,is_issue\n'

TABLE = {
    # reading data
    'read nothing there': (lambda r: api.read_data(r / 'nowhere'), ['nowhere']),
    'read empty name': (lambda r: api.read_data(''), ['DATA']),
    'read None': (lambda r: api.read_data(None), ['DATA', 'None']),
    'read a number': (lambda r: api.read_data(7), ['DATA', '7']),
    'read one image': (lambda r: api.read_data(r / 'photos/a/0.png'), ['0.png']),
    'read a class folder': (lambda r: api.read_data(r / 'photos/a'), ['photos/a']),
    'read unknown option': (lambda r: api.read_data(r / 'photos', colour=1), ['colour']),
    'read column on a folder': (lambda r: api.read_data(r / 'photos', label_column='x'), ['label_column']),
    'csv empty': (table(''), ['list.csv']),
    'csv head alone': (table('path,label\n'), ['list.csv']),
    'csv binary': (lambda r: api.read_data(write(r / 'list.csv', b'\x00\xff\xfe' * 50)), ['list.csv']),
    'csv no such column': (table('path,label\nphotos/a/0.png,a\n', label_column='lable'), ['list.csv', 'lable']),
    'csv two cells missing': (table('path,label\nphotos/a/0.png\nphotos/b/0.png,b\n'), ['list.csv']),
    'csv one class': (
        lambda r: api.train(write(r / 'list.csv', 'path,label\nphotos/a/0.png,a\n'), r / 'w', method='ce'),
        ['list.csv', 'one class'],
    ),
    'csv empty label': (table('path,label\nphotos/a/0.png,\nphotos/b/0.png,b\n'), ['list.csv']),
    'csv missing images': (table('path,label\nx.png,a\ny.png,b\n'), ['list.csv', 'x.png']),
    'csv twice the same column': (table('path,label,label\nphotos/a/0.png,a,b\n'), ['list.csv', 'label']),
    'csv encoding unknown': (table('path,label\nphotos/a/0.png,a\n', encoding='utf-99'), ['encoding', 'utf-99']),
    'csv separator of two': (table('path,label\nphotos/a/0.png,a\n', sep='||'), ['sep']),
    'csv unknown split': (table('path,label,split\nphotos/a/0.png,a,trian\nphotos/b/0.png,b,train\n'), ['trian']),
    'jsonl of lists': (lambda r: api.read_data(write(r / 'l.jsonl', '[1]\n[2]\n')), ['l.jsonl']),
    'jsonl broken': (lambda r: api.read_data(write(r / 'l.jsonl', '{"path": "a"\n')), ['l.jsonl']),
    'parquet that is text': (lambda r: api.read_data(write(r / 'l.parquet', 'path,label\n')), ['l.parquet']),
    # finding issues in arrays
    'find nothing given': (lambda r: api.find_issues([0, 1] * 20), ['pred_probs', 'features']),
    'find no labels': (lambda r: api.find_issues([], features=np.zeros((0, 2))), ['labels']),
    'find other length': (lambda r: api.find_issues([0, 1, 0], features=np.zeros((2, 2))), ['features', '2', '3']),
    'find nan features': (lambda r: api.find_issues([0, 1] * 20, features=np.full((40, 2), NAN)), ['features']),
    'find flat features': (lambda r: api.find_issues([0, 1] * 20, features=np.zeros(40)), ['features']),
    'find no probabilities': (
        lambda r: api.find_issues([0, 1] * 20, pred_probs=[[2.0, 3.0], [1, 1]] * 20),
        ['pred_probs'],
    ),
    'find too few columns': (
        lambda r: api.find_issues([0, 1, 2] * 20, pred_probs=np.full((60, 2), 0.5)),
        ['pred_probs'],
    ),
    'find negative labels': (lambda r: api.find_issues([-1, 1], pred_probs=np.full((2, 2), 0.5)), ['label', '-1']),
    'find float labels': (lambda r: api.find_issues([0.5, 1], pred_probs=np.full((2, 2), 0.5)), ['labels', 'float64']),
    'find one class': (lambda r: api.find_issues([0] * 90, features=np.ones((90, 2))), ['Labels', 'two classes']),
    'find unknown judge': (
        lambda r: api.find_issues([0, 1] * 20, features=np.random.rand(40, 2), judges=['prob']),
        ['prob'],
    ),
    'find too few': (lambda r: api.find_issues(['a', 'b'], features=np.ones((2, 2))), ['Labels', 'at least 10']),
    # audit and fix
    'audit unknown judge': (lambda r: api.audit(r / 'photos', r / 'o', judges=['oracle']), ['oracle']),
    'audit no judges': (lambda r: api.audit(r / 'photos', r / 'o', judges=[]), ['judge', 'probe']),
    'audit unknown backbone': (lambda r: api.audit(r / 'photos', r / 'o', backbone='resnet9000'), ['resnet9000']),
    'audit size 0': (lambda r: api.audit(r / 'photos', r / 'o', size=0), ['size']),
    'audit size of words': (lambda r: api.audit(r / 'photos', r / 'o', size='big'), ['size', 'big']),
    'audit precision': (lambda r: api.audit(r / 'photos', r / 'o', precision='float8'), ['precision', 'float8']),
    'audit onto a file': (lambda r: api.audit(r / 'photos', write(r / 'o', 'mine')), ['/o']),
    'audit unknown option': (lambda r: api.audit(r / 'photos', r / 'o', colour=1), ['colour']),
    'audit workers': (lambda r: api.audit(r / 'photos', r / 'o', workers=-3), ['workers', '-3']),
    'fix no audit': (lambda r: api.fix(r / 'photos'), ['photos', 'audit.json']),
    'fix nowhere': (lambda r: api.fix(r / 'nowhere'), ['nowhere']),
    'fix empty issues': (fix(''), ['issues.csv']),
    'fix no rows': (fix(HEAD), ['issues.csv']),
    'fix other columns': (fix('a,b\n1,2\n'), ['issues.csv']),
    'fix policy': (fix(HEAD + '0,x.png,a,b,0,1,0.1,0.9,1\n', policy='dorp'), ['policy', 'dorp', 'drop']),
    'fix score of words': (fix(HEAD + '0,x.png,a,b,0,1,low,0.9,1\n', policy='weight'), ['issues.csv', 'low']),
    'fix issue of words': (fix(HEAD + '0,x.png,a,b,0,1,0.1,0.9,maybe\n'), ['issues.csv', 'maybe']),
    'fix ticks missing': (fix(HEAD + '0,x.png,a,b,0,1,0.1,0.9,1\n', ticks='nowhere.csv'), ['nowhere.csv']),
    'fix onto a folder': (lambda r: fix(HEAD + '0,x.png,a,b,0,1,0.1,0.9,1\n', out=str(r / 'photos'))(r), ['photos']),
    # training, predicting, reporting
    'train unknown method': (lambda r: api.train(r / 'photos', r / 'w', method='gec'), ['gec', 'gce']),
    'train epochs 0': (lambda r: api.train(r / 'photos', r / 'w', method='gce', epochs=0), ['epochs', '0']),
    'train epochs half': (lambda r: api.train(r / 'photos', r / 'w', method='gce', epochs=1.5), ['epochs', '1.5']),
    'train batch': (lambda r: api.train(r / 'photos', r / 'w', method='gce', batch_size=-1), ['batch', '-1']),
    'train seed': (lambda r: api.train(r / 'photos', r / 'w', method='gce', seed=-1), ['seed', '-1']),
    'train size': (lambda r: api.train(r / 'photos', r / 'w', method='gce', size=-8), ['size', '-8']),
    'train backbone': (lambda r: api.train(r / 'photos', r / 'w', method='gce', backbone='timm:'), ['timm:']),
    'train no weights': (lambda r: api.train(r / 'photos', r / 'w', method='gce', pretrained='no.pth'), ['no.pth']),
    'train no test': (lambda r: api.train(r / 'photos', r / 'w', method='gce', test=str(r / 'no')), ['/no']),
    'train colour': (lambda r: api.train(r / 'photos', r / 'w', method='gce', colour=1), ['colour']),
    'train onto a file': (lambda r: api.train(r / 'photos', write(r / 'w', 'mine'), method='gce'), ['/w']),
    'train resume nothing': (lambda r: api.train(r / 'photos', r / 'w', method='gce', resume=True), ['resume']),
    'predict no run': (lambda r: api.predict(r / 'nowhere', r / 'photos'), ['nowhere']),
    'predict empty run': (lambda r: api.predict(r / 'photos', r / 'photos'), ['photos']),
    'predict broken run': (
        lambda r: api.predict(write(r / 'w/config.py', 'x = (').parent, r / 'photos'),
        ['/w'],
    ),
    'evaluate empty run': (lambda r: api.evaluate(r / 'photos', r / 'photos'), ['photos']),
    'export empty run': (lambda r: api.export(r / 'photos'), ['photos']),
    'report nothing': (lambda r: api.report([]), ['report']),
    'report nowhere': (lambda r: api.report(r / 'nowhere'), ['nowhere']),
    'report empty folder': (lambda r: api.report(r / 'photos'), ['photos']),
    'report broken summary': (
        lambda r: api.report(write(write(r / 'w/history.csv', 'epoch\n1\n').parent / 'summary.json', '{').parent),
        ['summary.json'],
    ),
    'report list as summary': (
        lambda r: api.report(write(write(r / 'w/history.csv', 'epoch\n1\n').parent / 'summary.json', '[1]').parent),
        ['summary.json'],
    ),
    'report broken audit': (
        lambda r: api.report(write(write(r / 'w/issues.csv', HEAD).parent / 'audit.json', '{"a": 1').parent),
        ['audit.json'],
    ),
    'listing': (lambda r: api.listing('method'), ['method', 'methods']),
    # noise
    'noise kind': (kind(kind='symetric', rate=0.1), ['symetric', 'symmetric']),
    'noise no kind': (kind(rate=0.1), ['kind']),
    'noise rate 40': (kind(kind='symmetric', rate=40), ['rate', '40']),
    'noise rate nan': (kind(kind='symmetric', rate=NAN), ['rate', 'nan']),
    'noise rate of words': (kind(kind='symmetric', rate='0,4'), ['rate', '0,4']),
    'noise no rate': (kind(kind='symmetric'), ['rate']),
    'noise typo': (kind(kind='symmetric', rates=0.4), ['rate', 'rates']),
    'noise mapping of nothing': (kind(kind='asymmetric', rate=0.3), ['mapping']),
    'noise mapping outside': (kind(kind='asymmetric', rate=0.3, mapping={3: 77}), ['mapping', '77']),
    'noise mapping name': (kind(kind='asymmetric', rate=0.3, mapping='cifar11'), ['mapping', 'cifar11']),
    'noise matrix size': (kind(kind='asymmetric', matrix=[[1, 0], [0, 1]]), ['matrix']),
    'noise matrix negative': (kind(kind='asymmetric', matrix=(-np.eye(10)).tolist()), ['matrix']),
    'noise as a word': (noise(noise='symmetric'), ['noise', 'symmetric']),
    'noise holdout': (noise(holdout=1.0), ['holdout', '1.0']),
    'noise part': (noise(part='vla'), ['part', 'vla']),
    'noise part without holdout': (noise(part='val'), ['holdout']),
    'noise seed': (noise(seed='zero', holdout=0.1), ['seed', 'zero']),
    'noise keep missing': (noise(keep='no.csv'), ['no.csv']),
    'noise conflicts': (noise(conflicts='ignore'), ['conflicts', 'ignore']),
    'noise save_to a folder': (
        lambda r: noise(noise=dict(kind='symmetric', rate=0.1), save_to=str(r))(r),
        ['save_to'],
    ),
    'labels missing': (kind(kind='label_file', path='no.json'), ['no.json']),
    'labels empty': (label_file('l.json', ''), ['l.json']),
    'labels other length': (label_file('l.json', '[1, 2, 3]'), ['l.json', '3']),
    'labels outside': (label_file('l.json', json.dumps([99] * 1437)), ['l.json', '99']),
    'labels null': (label_file('l.json', json.dumps([None] * 1437)), ['l.json']),
    'labels nan': (label_file('l.json', '[' + ', '.join(['NaN'] * 1437) + ']'), ['l.json']),
    'labels key': (label_file('l.json', json.dumps({'a': [0] * 1437}), key='b'), ['l.json', 'b', 'a']),
    'labels suffix': (label_file('l.xlsx', 'x'), ['l.xlsx']),
    'labels pickle': (
        lambda r: kind(kind='label_file', path=str(pickled(r / 'l.pt', r / 'executed')))(r),
        ['l.pt'],
    ),
    'labels object array': (
        lambda r: (
            np.save(r / 'l.npy', np.array([Payload(r / 'executed')] * 1437), allow_pickle=True),
            kind(kind='label_file', path=str(r / 'l.npy'))(r),
        ),
        ['l.npy'],
    ),
    'labels two columns': (label_file('l.csv', 'a,b\n' + '1,2\n' * 1437), ['l.csv']),
    # losses, networks, hooks, data sets
    'gce q': (model(type='mmnoisy.GCELoss', q=0), ['q', '0']),
    'gce q nan': (model(type='mmnoisy.GCELoss', q=NAN), ['q', 'nan']),
    'gce q of words': (model(type='mmnoisy.GCELoss', q='high'), ['q', 'high']),
    'gce reduction': (model(type='mmnoisy.GCELoss', reduction='avg'), ['reduction', 'avg']),
    'gce weight': (model(type='mmnoisy.GCELoss', loss_weight='x'), ['loss_weight']),
    'gce typo': (model(type='mmnoisy.GCELoss', qq=0.7), ['qq']),
    'truncated k': (model(type='mmnoisy.TruncatedGCELoss', begin_epoch=5, k=2), ['k', '2']),
    'truncated begin': (model(type='mmnoisy.TruncatedGCELoss', begin_epoch=-5), ['begin_epoch', '-5']),
    'sce alpha': (model(type='mmnoisy.SCELoss', alpha=-1), ['alpha', '-1']),
    'rce A': (model(type='mmnoisy.RCELoss', A=4), ['A', '4']),
    'elr beta': (model(type='mmnoisy.ELRLoss', num_classes=10, beta=1.5), ['beta', '1.5']),
    'elr classes': (model(type='mmnoisy.ELRLoss', num_classes=0), ['num_classes', '0']),
    'elr lam': (model(type='mmnoisy.ELRLoss', num_classes=3, lam=-3), ['lam', '-3']),
    'bootstrapping beta': (model(type='mmnoisy.SoftBootstrappingLoss', beta=95), ['beta', '95']),
    'forward transition': (
        model(type='mmnoisy.ForwardCorrectionLoss', num_classes=2, transition=[[1, 1], [0, 1]]),
        ['transition'],
    ),
    'forward transition size': (
        model(type='mmnoisy.ForwardCorrectionLoss', num_classes=3, transition=[[1, 0], [0, 1]]),
        ['transition', '3'],
    ),
    'sop samples': (model(type='mmnoisy.SOPLoss', num_classes=2, num_samples=-1), ['num_samples', '-1']),
    'pencil stages': (model(type='mmnoisy.PENCILLoss', num_classes=2, stages=(20, 10)), ['stages']),
    'sum of nothing': (model(type='mmnoisy.SumLoss', terms=[]), ['terms']),
    'l1 weight': (model(type='mmnoisy.L1Penalty', weight=-1), ['weight', '-1']),
    'loss name': (model(type='mmnoisy.GCEloss'), ['GCEloss']),
    'cnn9 dropout': (model(type='mmnoisy.CNN9', dropout=25), ['dropout', '25']),
    'afm group': (
        model(type='mmnoisy.AttentionFeatureMixupHead', num_classes=2, in_channels=8, group_size=1),
        ['group_size', '1'],
    ),
    'adaptation eps': (model(type='mmnoisy.NoiseAdaptationHead', num_classes=2, in_channels=8, eps=2), ['eps', '2']),
    'aum percentile': (hook(type='mmnoisy.AUMHook', percentile=990), ['percentile', '990']),
    'aum begin after end': (hook(type='mmnoisy.AUMHook', begin=9, end=3), ['begin', 'end']),
    'codivide mixture': (hook(type='mmnoisy.CoDivideHook', warmup_epochs=2, mixture='gnn'), ['mixture', 'gnn']),
    'codivide threshold': (hook(type='mmnoisy.CoDivideHook', warmup_epochs=2, threshold=5), ['threshold', '5']),
    'codivide warm-up': (hook(type='mmnoisy.CoDivideHook', warmup_epochs=-2), ['warmup_epochs', '-2']),
    'mixture options': (
        hook(type='mmnoisy.LossMixtureHook', warmup_epochs=2, mixture_options=dict(colour=1)),
        ['mixture_options', 'colour'],
    ),
    'curriculum stages': (hook(type='mmnoisy.CurriculumHook', stages=[5]), ['stages']),
    'curriculum fraction': (hook(type='mmnoisy.CurriculumHook', stages=[2, 4, 6], fraction=6), ['fraction', '6']),
    'forget method': (hook(type='mmnoisy.ForgetRateHook', method='magic'), ['method', 'magic']),
    'forget factor': (hook(type='mmnoisy.ForgetRateHook', factor=-1), ['factor', '-1']),
    'ssr k': (hook(type='mmnoisy.SSRHook', k=0), ['k', '0']),
    'ssr theta': (hook(type='mmnoisy.SSRHook', theta_r=9), ['theta_r', '9']),
    'ssr weighting': (hook(type='mmnoisy.SSRHook', weighting='cos'), ['weighting', 'cos']),
    'transition estimator': (hook(type='mmnoisy.TransitionHook', estimator='cluster'), ['estimator', 'cluster']),
    'transition end': (hook(type='mmnoisy.TransitionHook', begin=9, end=3), ['begin', 'end']),
    'prototype rank': (hook(type='mmnoisy.PrototypeHook', warmup_epochs=1, rank=4), ['rank', '4']),
    'partial nothing': (hook(type='mmnoisy.PartialLabelsHook'), ['labelled_per_class', 'fraction']),
    'partial fraction': (hook(type='mmnoisy.PartialLabelsHook', fraction=40), ['fraction', '40']),
    'meta batch': (hook(type='mmnoisy.MetaSetHook', batch_size=0), ['batch_size', '0']),
    'summary interval': (hook(type='mmnoisy.SummaryHook', interval=0), ['interval', '0']),
    'finite interval': (hook(type='mmnoisy.FiniteLossHook', interval=0), ['interval', '0']),
    'digits split': (dataset(type='mmnoisy.Digits', split='tset'), ['split', 'tset']),
    'image array missing': (
        dataset(type='mmnoisy.ImageArray', images='no.npy', labels='n.npy', num_classes=2),
        ['no.npy'],
    ),
    'folder with a class too many': (
        noise(source=dict(type='mmnoisy.ImageFolder', data_root='photos', classes=['a'])),
        ['photos/b', '1 classes (a)', '`classes`'],
    ),
    'csv with a class too many': (
        lambda r: noise(source=dict(type='mmnoisy.CSVDataset', ann_file=str(r / 'l.csv'), classes=['a']))(
            write(r / 'l.csv', 'path,label\nphotos/a/0.png,a\nphotos/b/0.png,b\n').parent
        ),
        ['line 3', '1 classes (a)', '`classes`'],
    ),
    'csv with a number too many': (
        lambda r: noise(source=dict(type='mmnoisy.CSVDataset', ann_file=str(r / 'l.csv'), classes=['x']))(
            write(r / 'l.csv', 'path,label\nphotos/a/0.png,0\nphotos/b/0.png,1\n').parent
        ),
        ['line 3', '1 classes (x)', '`classes`'],
    ),
    'digits with a class too few': (
        noise(source=dict(type='mmnoisy.Digits', metainfo=dict(classes=['a', 'b']))),
        ['Digits', 'has 2 classes', '`classes`'],
    ),
    'image array with a class too few': (
        lambda r: dataset(type='mmnoisy.ImageArray', images=str(r / 'i.npy'), labels=str(r / 'l.npy'), num_classes=2)(
            np.save(r / 'i.npy', np.zeros((3, 4, 4, 3), np.uint8)) or np.save(r / 'l.npy', np.arange(3)) or r
        ),
        ['num_classes=2', 'l.npy', 'set it to 3'],
    ),
    'bank missing': (dataset(type='mmnoisy.FeatureBank', bank='no/bank'), ['no/bank']),
    'animal missing': (dataset(type='mmnoisy.Animal10N', data_root='no/animals'), ['no/animals']),
    # config files and command lines, up to the first batch
    'main no config': (main(config='no.py'), ['no.py']),
    'main packaged config': (main(config='mmnoisy::gce/no'), ['gce/no']),
    'main empty config': (config_text(''), ['mine.py']),
    'main syntax': (config_text('model = dict('), ['mine.py']),
    'main text': (config_text('hello', 'mine.txt'), ['mine.txt']),
    'main noise rate': (main('--noise', 'kind=symmetric', 'rate=7'), ['rate', '7']),
    'main noise words': (main('--noise', 'symmetric'), ['--noise', 'symmetric']),
    'main noise kind': (main('--noise', 'kind=sym', 'rate=0.3'), ['kind', 'sym']),
    'main seed': (main('--seed', '-4'), ['seed', '-4']),
    'main noise seed': (main('--noise-seed', '-4'), ['seed', '-4']),
    'main no key': (main('--cfg-options', 'model.head.loss.qq=0.5'), ['qq']),
    'main no equals sign': (main('--cfg-options', 'seven'), ['cfg-options', 'seven']),
    'main through a number': (main('--cfg-options', 'train_cfg.max_epochs.x=1'), ['train_cfg.max_epochs.x']),
    'main typo in train_cfg': (main('--cfg-options', 'train_cfg.max_epoch=3'), ['max_epoch']),
    'main epochs 0': (main('--cfg-options', 'train_cfg.max_epochs=0'), ['max_epochs']),
    'main batch 0': (main('--cfg-options', 'train_dataloader.batch_size=0'), ['batch_size']),
    'main batch huge': (
        main('--cfg-options', 'train_dataloader.batch_size=5000', 'train_dataloader.drop_last=True'),
        ['batch'],
    ),
    'main lr nan': (main('--cfg-options', 'optim_wrapper.optimizer.lr=nan'), ['lr']),
    'main lr negative': (main('--cfg-options', 'optim_wrapper.optimizer.lr=-1'), ['lr']),
    'main classes': (main('--cfg-options', 'model.head.num_classes=4'), ['num_classes', '4', '10']),
    'main loss name': (main('--cfg-options', 'model.head.loss.type=mmnoisy.GCE'), ['mmnoisy.GCE']),
    'main workers': (main('--cfg-options', 'train_dataloader.num_workers=-1'), ['num_workers']),
    'main no data set': (based('train_dataloader = dict(dataset=None)'), ['train_dataloader', 'dataset']),
    'main hook name': (based("custom_hooks = [dict(type='mmnoisy.AUM')]"), ['mmnoisy.AUM']),
    'main hook without type': (based('custom_hooks = [dict(interval=1)]'), ['custom_hooks', 'type']),
    'main hook list': (based('custom_hooks = dict(a=1)'), ['custom_hooks']),
    'main aum too late': (based("custom_hooks = [dict(type='mmnoisy.AUMHook', begin=50)]"), ['begin', '50']),
    'main hook of another model': (
        based("custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=2)]"),
        ['CoDivideHook'],
    ),
    'main sop samples': (
        based(
            "model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.SOPLoss', num_classes=10, num_samples=5)))"
        ),
        ['num_samples'],
    ),
    'main elr classes': (
        based("model = dict(head=dict(loss=dict(_delete_=True, type='mmnoisy.ELRLoss', num_classes=4)))"),
        ['num_classes'],
    ),
    'main keep no row': (
        lambda r: main(
            '--cfg-options', f'train_dataloader.dataset.keep={write(r / "samples.csv", "source_idx,is_issue")}'
        )(r),
        ['samples.csv'],
    ),
    'main load nothing': (main('--cfg-options', 'load_from=no.pth'), ['no.pth']),
    'main load text': (checkpoint('hello'), ['bad.pth']),
    'main load empty': (checkpoint(''), ['bad.pth']),
    'main load other': (checkpoint(lambda p: torch.save({'state_dict': {'x.w': torch.ones(2)}}, p)), ['bad.pth']),
    'main load list': (checkpoint(lambda p: torch.save([1, 2], p)), ['bad.pth']),
    'main load pickle': (checkpoint(lambda p: pickled(p, p.parent / 'executed')), ['bad.pth']),
    'main resume nothing': (lambda r: (r / 'wd').mkdir() or main('--resume', 'no.pth')(r), ['no.pth']),
    'main resume garbage': (
        lambda r: main('--resume', str(write(r / 'wd/epoch_1.pth', 'x')))(r),
        ['epoch_1.pth'],
    ),
}


def outcome(call, root):
    """The error's text; a command's message is on stderr."""
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            call(root)
    except (ValueError, TypeError, OSError, RuntimeError, ImportError, KeyError) as error:
        return str(error)
    except SystemExit as stop:
        assert stop.code not in (0, None), 'it ended as if nothing were wrong'
        return f'{stderr.getvalue()}\n{stop.code}'
    pytest.fail('it was accepted in silence')


@pytest.mark.parametrize('name', TABLE)
def test_refused(name, root, monkeypatch):
    monkeypatch.chdir(root)
    before = {path: path.read_bytes() for path in (root / 'photos').rglob('*.png')}
    call, words = TABLE[name]
    message = outcome(call, root)
    missing = [word for word in words if word not in message]
    assert not missing, f'{missing} not in: {message}'
    assert len(message) < 1500 and 'Traceback' not in message, message
    assert not (root / 'executed').exists(), 'a file was executed'
    made = [path.name for path in root.glob('[wo]') if path.is_dir()]
    assert not made or 'predict' in name or 'report' in name, f'{made} was left behind'
    assert before == {path: path.read_bytes() for path in (root / 'photos').rglob('*.png')}
