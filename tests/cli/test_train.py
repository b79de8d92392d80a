"""The five commands on a messy folder, and what they leave behind."""

import csv
import json

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from mmnoisy import api
from mmnoisy.cli import main
from mmnoisy.jobs.auto import holdout, most_suspicious
from mmnoisy.jobs.export import plain_run
from mmnoisy.jobs.predict import inference_pipeline, load_model
from mmnoisy.jobs.run_folder import find_run

from ..helpers import clear_globals
from .messy import CLASSES, make_messy

FAST = ['log_level=WARNING', 'visualizer.vis_backends=[{"type":"LocalVisBackend"}]']
SMALL = ['--scratch', '--size', '32', '--epochs', '2', '--workers', '0', *FAST]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """``(messy folder, its true labels, audit, corrected list)`` by the commands audit and fix."""
    pytest.importorskip('timm')
    pytest.importorskip('cleanlab')
    root = tmp_path_factory.mktemp('cli')
    truth = make_messy(root / 'meine "fotos"', num_classes=3, per_class=30)
    audit = root / 'audit'
    assert main(['audit', str(root / 'meine "fotos"'), '--out', str(audit)]) == 0
    assert main(['fix', str(audit)]) == 0
    return root / 'meine "fotos"', truth, audit, audit / 'clean.csv'


@pytest.fixture(scope='module')
def run(data, tmp_path_factory):
    """A run of two networks, from scratch."""
    folder = tmp_path_factory.mktemp('run') / 'co teaching'
    clear_globals()
    options = ['--method', 'coteaching', '--work-dir', str(folder), *SMALL, '--epochs', '2', '--test', str(data[3])]
    assert main(['train', str(data[3]), *options]) == 0
    return folder


@pytest.fixture(scope='module')
def frozen_run(data, tmp_path_factory):
    """A linear classifier on frozen features."""
    folder = tmp_path_factory.mktemp('run') / 'frozen'
    clear_globals()
    options = ['--frozen', '--size', '64', '--epochs', '15', '--seed', '1', *FAST]
    assert main(['train', str(data[3]), '--method', 'elr', '--work-dir', str(folder), *options]) == 0
    return folder


def rows(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


@pytest.mark.smoke
def test_audit_and_fix_go_on_past_bad_files(data):
    folder, truth, audit, clean = data
    unreadable = {entry['path'] for entry in json.loads((audit / 'audit.json').read_text())['unreadable']}
    assert {path.rpartition('/')[2] for path in unreadable} == {'abgeschnitten.png', 'leer.png', 'kein bild.jpg'}
    kept = rows(clean)
    right = np.mean([truth[row['path']] == row['label'] for row in kept])
    before = np.mean([truth[path] == path.split('/')[-2] for path in truth])
    assert right > before + 0.05 and {row['label'] for row in kept} == set(CLASSES[:3])
    assert (audit / 'report.html').is_file()


def test_train_writes_a_config_that_the_tools_train(data, run):
    text = (run / 'config' / 'coteaching.py').read_text()
    assert "config_path('coteaching/coteaching_resnet18_30e_csv.py')" in text and len(text.splitlines()) < 120
    cfg = find_run(run).cfg
    assert cfg.train_dataloader.dataset.source.data_root == str(data[3].parent)
    assert 'console' not in text
    summary = json.loads((run / 'summary.json').read_text())
    assert summary['epochs'] == 2 and summary['test_accuracy_last'] is not None


@pytest.mark.smoke
def test_predict_writes_names_and_lists_bad_files(data, run, tmp_path, capsys):
    out = tmp_path / 'p.csv'
    assert main(['predict', str(run), str(data[0]), '--out', str(out)]) == 0
    found = rows(out)
    assert len(found) == len(data[1]) + 3
    empty = [row['path'].rpartition('/')[2] for row in found if not row['label']]
    assert sorted(empty) == ['abgeschnitten.png', 'kein bild.jpg', 'leer.png']
    assert {row['label'] for row in found} <= {*CLASSES[:3], ''}
    printed = capsys.readouterr().out
    assert all(name in printed for name in empty)


def test_evaluate_is_what_the_run_measured(data, run):
    found = api.evaluate(run, data[3])
    summary = json.loads((run / 'summary.json').read_text())
    assert found.accuracy == pytest.approx(summary['test_accuracy_at_best_val'], abs=1e-3)
    assert sum(entry['images'] for entry in found.classes) == len(rows(data[3]))


@pytest.mark.smoke
def test_frozen_features_learn_the_classes(data, frozen_run):
    found = api.predict(frozen_run, list(data[1]))
    right = np.mean([data[1][path] == label for path, label in zip(found.paths, found.labels)])
    assert right > 0.85
    cfg = find_run(frozen_run).cfg
    assert cfg.features.size == 64 and cfg.randomness.seed == 1


@pytest.mark.parametrize('net', ['net1', 'net2'])
def test_export_of_one_network_predicts_as_it_did(data, run, tmp_path, net):
    out = api.export(run, tmp_path, net=net)
    plain = torch.load(out.checkpoint, weights_only=True)['state_dict']
    both, _ = load_model(find_run(run), 'cpu')
    image = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        expected = getattr(both, net)(image, mode='tensor')
    from mmpretrain import get_model

    model = get_model(str(out.checkpoint.with_suffix('.py')), pretrained=str(out.checkpoint), device='cpu').eval()
    with torch.inference_mode():
        assert torch.equal(model(image, mode='tensor'), expected)
    from mmpretrain import ImageClassificationInferencer

    cfg = str(out.checkpoint.with_suffix('.py'))
    path = next(path for path in data[1] if path.endswith("'0 ü.png"))  # An ordinary grey image.
    (told,) = ImageClassificationInferencer(cfg, pretrained=str(out.checkpoint), device='cpu')(path)
    assert told['pred_class'] == out.classes[told['pred_label']]
    sample = model.test_step(pseudo_collate([inference_pipeline(find_run(run).cfg)(dict(img_path=path, gt_label=0))]))[
        0
    ]
    np.testing.assert_allclose(told['pred_scores'], sample.pred_score.detach().numpy(), atol=1e-4)
    assert not any(key.startswith('net') for key in plain) and out.classes == sorted(CLASSES[:3])


def network_inputs(run, paths, about):
    """What model.json says that is done with images: (B, 3, size, size) float32, RGB."""
    from mmnoisy.datasets.image_reading import read_image
    from mmnoisy.engine.bank_images import image_view

    if run.cfg.get('features'):
        images = [image_view(read_image(path), about['size'], 0) for path in paths]
        return np.stack(images).transpose(0, 3, 1, 2).astype(np.float32)
    assert [step['type'] for step in about['pipeline'][1:3]] == ['ResizeEdge', 'CenterCrop']
    pipeline = inference_pipeline(run.cfg)
    return np.stack([pipeline(dict(img_path=path, gt_label=0))['inputs'].flip(0).numpy() for path in paths]).astype(
        np.float32
    )


@pytest.mark.parametrize('name', ['run', 'frozen_run'])
def test_onnx_has_equal_predictions(name, data, tmp_path, request):
    pytest.importorskip('onnxscript')
    onnxruntime = pytest.importorskip('onnxruntime')
    folder = request.getfixturevalue(name)
    assert main(['export', str(folder), '--onnx', '--out', str(tmp_path)]) == 0
    about = json.loads((tmp_path / 'model.json').read_text())
    paths = list(data[1])[:5]
    session = onnxruntime.InferenceSession(str(tmp_path / 'model.onnx'))
    (found,) = session.run(None, {'image': network_inputs(find_run(folder), paths, about)})
    if name == 'frozen_run':
        expected = api.predict(folder, paths).probabilities
    else:
        # One of the two networks, which `predict` averages.
        model, _ = load_model(plain_run(find_run(folder), tmp_path), 'cpu')
        batch = [inference_pipeline(find_run(folder).cfg)(dict(img_path=path, gt_label=0)) for path in paths]
        with torch.inference_mode():
            samples = model.test_step(pseudo_collate(batch))
        expected = torch.stack([sample.pred_score for sample in samples]).numpy()
    # Features are kept in 16 bits.
    np.testing.assert_allclose(found, expected, atol=5e-3 if name == 'frozen_run' else 1e-4)
    assert found.shape == (5, 3) and about['classes'] == sorted(CLASSES[:3])


def test_a_folder_in_use_is_not_written_over(data, run, capsys):
    assert main(['train', str(data[3]), '--method', 'ce', '--work-dir', str(run), *SMALL]) == 1
    assert 'is not empty: name another --work-dir, or go on with its run with --resume' in capsys.readouterr().err


def test_auto_says_which_won(data, tmp_path, capsys):
    folder = tmp_path / 'auto'
    clear_globals()
    assert (
        main(['train', str(data[3]), '--work-dir', str(folder), *[word for word in SMALL if word != '--scratch']]) == 0
    )
    found = json.loads((folder / 'auto.json').read_text())
    assert {'ce', 'elr_probe', 'gce_probe', 'ce_probe'} < set(found['runs']) and len(found['runs']) == 5
    best = max(run['val'] for run in found['runs'].values())
    assert found['runs'][found['winner']]['val'] == best
    kept, everything = rows(folder / 'kept.csv'), rows(folder / 'all.csv')
    assert [row for row in kept if row['split'] == 'val'] == [row for row in everything if row['split'] == 'val']
    assert len(everything) - len(kept) == found['left_out']
    printed = capsys.readouterr().out
    assert f'Best on noisy validation: {found["winner"]}' in printed
    predictions = api.predict(folder, list(data[1])[:5])
    assert predictions.classes == sorted(CLASSES[:3])
    assert main(['report', str(folder)]) == 0
    # A second call trains nothing anew.
    before = (folder / 'ce' / 'summary.json').stat().st_mtime_ns
    assert (
        main(['train', str(data[3]), '--work-dir', str(folder), '--resume', *[w for w in SMALL if w != '--scratch']])
        == 0
    )
    assert (folder / 'ce' / 'summary.json').stat().st_mtime_ns == before


def test_no_more_than_a_share_of_each_class_is_left_out():
    labels = np.array([0] * 10 + [1] * 10)
    is_issue = np.r_[np.ones(10, bool), np.zeros(9, bool), True]
    score = np.r_[np.linspace(1, 0.1, 10), np.ones(10)]
    assert most_suspicious(np.arange(100, 120), labels, is_issue, score) == [107, 108, 109, 119]


def test_a_tenth_of_each_class_is_held_out():
    labels = np.array([0] * 30 + [1] * 20 + [2] * 3 + [3])
    rows = holdout(labels, np.ones(54, bool), seed=0)
    assert np.bincount(labels[rows], minlength=4).tolist() == [3, 2, 1, 0]
    assert holdout(labels, labels == 1, seed=0).tolist() != rows.tolist()
