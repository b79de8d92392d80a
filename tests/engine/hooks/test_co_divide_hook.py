import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook
from sklearn.mixture import GaussianMixture

from mmnoisy.engine import CoDivideHook
from mmnoisy.engine.loss_division import LossDivision, average_losses
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.functional.mixtures import fit_bmm
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train, train_still

BASE = 'dividemix/dividemix_cnn3_60e_digits-sym40.py'


def config(work_dir, epochs=3, hook=None, **overrides):
    cfg = digits_cfg(work_dir, BASE, epochs, channels=None, **overrides)
    cfg.merge_from_dict({
        'model.network.backbone.channels': (4, 8, 8),
        'model.network.head.in_channels': 8,
        'train_dataloader.dataset.source.indices': 300,
        'default_hooks.summary.interval': 100,
        'default_hooks.summary.train_interval': 0,
    })  # fmt: skip
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_dataloader.dataset.indices = 20
    cfg.custom_hooks = [dict(type='mmnoisy.CoDivideHook', warmup_epochs=1, plot_interval=0)]
    cfg.custom_hooks[0].update(hook or {})
    return cfg


def hook_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, CoDivideHook))


def state(runner):
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}


def assert_same_weights(one, other):
    for name, value in one.items():
        assert torch.allclose(value.double(), other[name].double(), atol=1e-6), name


class Spy(Hook):
    """Divides a second time, independently, and keeps what the first batch was stamped with."""

    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        model = unwrap(runner.model).eval()
        dataset = runner.train_dataloader.dataset
        images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float()
        images = (images - 73.3) / 90.3
        self.p_clean = []
        with torch.no_grad():
            for net in (model.net1, model.net2):
                label = torch.tensor(dataset.gt_labels)
                loss = F.cross_entropy(net(images), label, reduction='none').double().numpy()
                loss = ((loss - loss.min()) / (loss.max() - loss.min())).reshape(-1, 1)
                gmm = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=0).fit(loss)
                self.p_clean.append(gmm.predict_proba(loss)[:, gmm.means_.argmin()])
        model.train()

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == 0:
            self.stamps = [(s.sample_idx, s.get('p_clean'), s.get('labelled')) for s in data_batch['data_samples']]


def test_division_equals_scikit_learn_and_reaches_the_other_network(tmp_path):
    runner = build_runner(config(tmp_path, epochs=2, hook=dict(plot_interval=1)))
    spy = Spy()
    runner.register_hook(spy)
    runner.train()
    p_clean = hook_of(runner).record['p_clean']
    np.testing.assert_allclose(p_clean.T.numpy(), spy.p_clean, atol=1e-6)
    index, given, labelled = zip(*spy.stamps)
    torch.testing.assert_close(torch.stack(given).float(), p_clean[list(index)].flip(1))
    assert torch.equal(torch.stack(labelled), torch.stack(given) > 0.5)
    # The streams: half of the batch believed by each network's peer, at least.
    streams = hook_of(runner)._sampler.streams
    for stream, mask in zip(streams, (p_clean[:, 1] > 0.5, p_clean[:, 1] <= 0.5, p_clean[:, 0] > 0.5)):
        assert torch.equal(stream, mask.nonzero().squeeze(1))
    assert len(list((tmp_path / 'division').glob('epoch_2_net*.png'))) == 2
    rows = (tmp_path / 'samples.csv').read_text().splitlines()
    assert len(rows) == len(p_clean) + 1 and 'score' in rows[0]


def test_options_reach_the_division_and_the_fit_is_logged_saved_and_drawn_every_n_epochs(tmp_path, monkeypatch):
    fits = []

    def fit(self, losses):
        fits.append((losses, fit_bmm(losses, max_iter=7)))
        return original(self, losses)

    original = LossDivision.fit_one
    monkeypatch.setattr(LossDivision, 'fit_one', fit)
    options = dict(mixture='bmm', mixture_options=dict(max_iter=7), threshold=0.7, plot_interval=2)
    runner = train(config(tmp_path, epochs=4, hook=options))
    # Divisions before epochs 2, 3 and 4.
    assert {path.name for path in (tmp_path / 'division').iterdir()} == {
        f'epoch_{epoch}_net{net}.png' for epoch in (2, 4) for net in (1, 2)
    }
    expected = fits[-1][1]
    p_clean = hook_of(runner).record['p_clean'][:, 1]
    np.testing.assert_allclose(p_clean.numpy(), expected.p_clean, atol=1e-6)
    assert torch.equal(hook_of(runner)._sampler.streams[0], (p_clean > 0.7).nonzero().squeeze(1))
    values = dict(
        mean_small=expected.means[0],
        mean_large=expected.means[1],
        weight_small=expected.weights[0],
        labelled=(expected.p_clean > 0.7).mean(),
    )
    saved = torch.load(tmp_path / 'epoch_4.pth', weights_only=True)['sample_record']['CoDivideHook']['scalars']
    logged = [json.loads(line) for line in next(tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()]
    for name, value in values.items():
        assert saved[f'net2_{name}'] == pytest.approx(value)
        column = [row[f'division/net2_{name}'] for row in logged if f'division/net2_{name}' in row]
        assert len(column) == 3 and column[-1] == pytest.approx(value)


def test_resume_in_warm_up_at_its_end_and_after_it_equals_an_unbroken_run(tmp_path):
    hook = dict(warmup_epochs=2, average_epochs=3)
    whole = train(config(tmp_path / 'whole', epochs=4, hook=hook))
    for epoch in (1, 2, 3):
        cfg = config(tmp_path / f'from{epoch}', epochs=4, hook=hook)
        cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / f'epoch_{epoch}.pth')
        resumed = train(cfg)
        assert_same_weights(state(whole), state(resumed))
        for name, column in hook_of(whole).record.items():
            torch.testing.assert_close(hook_of(resumed).record[name], column)


def frozen(cfg):
    return hook_of(train_still(cfg)).record['p_clean']


def learn(cfg):
    runner = train(cfg)
    return state(runner), hook_of(runner).record['p_clean']


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    cfg = config(tmp_path / 'one', epochs=2, randomness__seed=4)
    one = frozen(cfg)
    cfg.work_dir = str(tmp_path / 'two')
    for p_clean in run_two_ranks(frozen, ddp(cfg)):
        torch.testing.assert_close(p_clean, one, atol=1e-5, rtol=0)
    (weights, p_clean), (weights1, p_clean1) = run_two_ranks(learn, ddp(config(tmp_path / 'learn')))
    assert torch.equal(p_clean, p_clean1)
    assert_same_weights({k: v for k, v in weights.items() if 'running' not in k}, weights1)


@pytest.mark.parametrize('case', ['none', 'all', 'one class', 'none for one network'])
@pytest.mark.filterwarnings('ignore:StreamSampler')
def test_degenerate_divisions_keep_training(tmp_path, monkeypatch, case):
    def fit(self, runner, losses, labels, number):
        p_clean = torch.full((len(losses), 2), 0.0 if case == 'none' else 0.9)
        p_clean[::2] *= 1 if case in ('none', 'all') else 0.1
        if case == 'one class':
            p_clean[labels == 3] = 0.1
        if case == 'none for one network':
            p_clean[:, 1] = 0.0
        return p_clean.double(), {}

    monkeypatch.setattr(LossDivision, 'fit', fit)
    runner = build_runner(config(tmp_path, epochs=2))
    messages = []
    monkeypatch.setattr(runner.logger, 'warning', messages.append)
    runner.train()
    assert all(value.isfinite().all() for value in state(runner).values())
    expected = {
        'none': 'no label',
        'all': 'every label',
        'one class': r'class(es) [3]',
        'none for one network': 'network 1',
    }
    assert any(expected[case] in message for message in messages)


def test_average_over_epochs():
    history = torch.zeros(4, 3, 2)
    losses = [np.random.default_rng(i).random((4, 2)) for i in range(5)]
    for i, values in enumerate(losses):
        mean, history = average_losses(values, history, min(i, 2))
        np.testing.assert_allclose(mean, np.mean(losses[max(0, i - 2) : i + 1], axis=0), atol=1e-6)


def test_per_class_fits():
    division = CoDivideHook(warmup_epochs=1, per_class=True).divider
    labels = np.arange(63) % 3
    labels[60:] = 3
    losses = np.random.default_rng(0).random(63)
    overall = division.fit_one(losses).p_clean
    p_clean = division.fit_classes(losses, labels, overall)
    np.testing.assert_allclose(p_clean[labels == 1], division.fit_one(losses[labels == 1]).p_clean)
    # A class of three has no fit of its own.
    np.testing.assert_allclose(p_clean[60:], overall[60:])


def test_alternating_training_moves_one_network_an_epoch(tmp_path):
    train(config(tmp_path, epochs=3, hook=dict(training='alternate')))
    weights = [torch.load(tmp_path / f'epoch_{i}.pth', weights_only=True)['state_dict'] for i in (1, 2, 3)]

    def moved(before, after, net):
        return not torch.equal(before[f'{net}.head.fc.weight'], after[f'{net}.head.fc.weight'])

    assert moved(weights[0], weights[1], 'net1') and not moved(weights[0], weights[1], 'net2')
    assert moved(weights[1], weights[2], 'net2') and not moved(weights[1], weights[2], 'net1')


SUBSET = dict(hook=dict(subset=100), train_dataloader__sampler__balanced=150)


def subset_run(cfg):
    runner = train(cfg)
    sampler = hook_of(runner)._sampler
    drawn = torch.cat(sampler.streams[:2]).sort().values
    return drawn, hook_of(runner).record['p_clean'], state(runner)


def test_each_epoch_divides_and_trains_on_a_balanced_subset(tmp_path):
    cfg = config(tmp_path / 'whole', epochs=3, **SUBSET)
    runner = build_runner(cfg)
    seen = []

    class Spy(Hook):
        def before_train_epoch(self, runner):
            seen.append([])

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            seen[-1] += [int(sample.sample_idx) for sample in data_batch['data_samples']]

    runner.register_hook(Spy())
    runner.train()
    hook = hook_of(runner)
    labels = torch.as_tensor(runner.train_dataloader.dataset.gt_labels)
    assert len(seen[0]) == 150 and torch.bincount(labels[seen[0]]).max() <= 15
    assert 0 < len(set(seen[1])) <= 100 and set(seen[1]) != set(seen[2])
    # The second epoch's samples and the third's were judged, no other.
    first, second = (torch.tensor(sorted(set(rows))) for rows in seen[1:])
    judged = ~hook.record['p_clean'].isnan()
    assert judged[first].all() and judged[second].all() and judged[:, 0].sum() <= 200
    assert torch.bincount(labels[torch.cat(hook._sampler.streams[:2])]).tolist() == [10] * 10
    assert len((tmp_path / 'whole/samples.csv').read_text().splitlines()) == judged[:, 0].sum() + 1

    cfg.work_dir, cfg.resume, cfg.load_from = str(tmp_path / 'resumed'), True, str(tmp_path / 'whole/epoch_2.pth')
    drawn, p_clean, weights = subset_run(cfg)
    assert torch.equal(drawn, torch.cat(hook._sampler.streams[:2]).sort().values)
    torch.testing.assert_close(p_clean, hook.record['p_clean'], equal_nan=True)
    assert_same_weights(state(runner), weights)


@pytest.mark.ddp
def test_a_subset_on_two_ranks(tmp_path):
    (drawn, p_clean, _), (drawn1, p_clean1, _) = run_two_ranks(subset_run, ddp(config(tmp_path, epochs=2, **SUBSET)))
    assert torch.equal(drawn, drawn1) and len(drawn) == 100
    torch.testing.assert_close(p_clean, p_clean1, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(mixture='x'), 'mixture must be'),
        (dict(threshold=1.0), 'threshold must be in'),
        (dict(warmup_epochs=0), 'warmup_epochs'),
        (dict(unlabelled_share=1.0), 'unlabelled_share'),
        (dict(subset=100, average_epochs=2), 'subset must be'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        CoDivideHook(**dict(dict(warmup_epochs=1), **options))


@pytest.mark.parametrize(
    'overrides, message',
    [
        (dict(train_dataloader__sampler=dict(type='DefaultSampler', shuffle=True)), 'StreamSampler'),
        (dict(optim_wrapper__accumulative_counts=2), 'accumulation'),
        (dict(train_dataloader__batch_size=1), 'no place for labelled'),
    ],
)
def test_refused_before_training(tmp_path, overrides, message):
    with pytest.raises((TypeError, ValueError), match=message):
        train(config(tmp_path, **overrides))


def reference_uniform(p, labels):
    """UNICON's division, sample by sample: the divergences and the labels that are used."""
    divergence = []
    for row, label in zip(p, labels):
        target = np.eye(10)[label]
        middle = (row + target) / 2
        divergence.append(0.5 * sum((a[a > 0] * np.log(a[a > 0] / middle[a > 0])).sum() for a in (row, target)))
    divergence = np.array(divergence)
    count = int((divergence < divergence.mean()).sum() / 10)
    chosen = np.zeros(len(labels), dtype=bool)
    for k in range(10):
        members = np.flatnonzero(labels == k)
        chosen[members[np.argsort(divergence[members])[:count]]] = True
    return divergence, chosen


class UniformSpy(Hook):
    """Divides a second time, and keeps the stamps of the first batch."""

    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        model, dataset = unwrap(runner.model).eval(), runner.train_dataloader.dataset
        images = (torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float() - 73.3) / 90.3
        with torch.no_grad():
            p = (model.net1(images).softmax(1) + model.net2(images).softmax(1)) / 2
        model.train()
        self.divergence, self.chosen = reference_uniform(p.double().numpy(), np.array(dataset.gt_labels))

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == 0:
            self.stamps = [(s.sample_idx, s.get('p_clean'), s.get('labelled')) for s in data_batch['data_samples']]


def test_uniform_selection_equals_the_reference(tmp_path):
    runner, spy = build_runner(config(tmp_path, epochs=2, hook=dict(selection='uniform'))), UniformSpy()
    runner.register_hook(spy)
    runner.train()
    hook = hook_of(runner)
    np.testing.assert_allclose(hook.record['p_clean'][:, 0], 1 - spy.divergence / np.log(2), atol=1e-5)
    assert 0 < spy.chosen.sum() < len(spy.chosen)
    assert hook.issues().tolist() == (~spy.chosen).tolist()
    for index, p_clean, labelled in spy.stamps:
        assert labelled.tolist() == [spy.chosen[index]] * 2
        weight = 1.0 if spy.divergence[index] < 0.5 else 1 - spy.divergence[index]
        assert p_clean.tolist() == pytest.approx([weight] * 2, abs=1e-5)


def test_uniform_selection_of_a_subset(tmp_path):
    hook = hook_of(train(config(tmp_path, epochs=2, hook=dict(selection='uniform', subset=100))))
    measured = ~hook.record['p_clean'][:, 0].isnan()
    assert 0 < measured.sum() <= 100 and not hook.issues()[~measured].any() and hook.issues().any()


def test_uniform_selection_resumes_and_takes_no_average(tmp_path):
    whole = train(config(tmp_path / 'whole', hook=dict(selection='uniform')))
    cfg = config(tmp_path / 'resumed', hook=dict(selection='uniform'), resume=True)
    cfg.load_from = str(tmp_path / 'whole/epoch_2.pth')
    resumed = train(cfg)
    assert_same_weights(state(whole), state(resumed))
    assert torch.equal(hook_of(whole).record['p_clean'], hook_of(resumed).record['p_clean'])
    with pytest.raises(ValueError, match='average_epochs=1 with uniform'):
        CoDivideHook(warmup_epochs=1, selection='uniform', average_epochs=2)


def _uniform(cfg):
    runner = train(cfg)
    return state(runner), hook_of(runner).record


@pytest.mark.ddp
def test_uniform_selection_on_two_ranks(tmp_path):
    (weights, record), (other, record1) = run_two_ranks(_uniform, ddp(config(tmp_path, hook=dict(selection='uniform'))))
    assert torch.equal(record['p_clean'], record1['p_clean'])
    assert all(torch.equal(value, other[name]) for name, value in weights.items() if 'running' not in name)
