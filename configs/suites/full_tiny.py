# The suite `full` for a CPU: 1,000 photos, three epochs, networks of a quarter of the width, float32. To see that every method
# ends and that an interrupted suite goes on. Its figures say nothing of the methods and belong into no table.
_base_ = './full.py'
name = 'full_tiny'
title = 'Full track at a size for a CPU: 1,000 photos, three epochs, a quarter of the width'
note = 'The full track cut down to see that everything runs. These figures say nothing of the methods.'
data = 'cifar10n-1k'
seeds = [0, 1]
options = {
    '_delete_': True,
    **{f'{part}_dataloader.dataset.source.files': ['train_a.npz', 'train_b.npz'] for part in ('train', 'val')},
    **{f'{part}_dataloader.dataset.source.rows': [0, 1000] for part in ('train', 'val')},
    **{f'{part}_dataloader.num_workers': 0 for part in ('train', 'val', 'test')},
    'test_dataloader.dataset.rows': [0, 10000, 20],
    'train_cfg.max_epochs': 3,
    'param_scheduler.T_max': 3,
    # So that a run that is killed goes on from the last epoch.
    'default_hooks.checkpoint.min_seconds': 0,
}
resnet = {'backbone.base_channels': 16, 'backbone.stem_channels': 16, 'head.in_channels': 128}
preact = {'backbone.width': 16, 'head.in_channels': 128}
widths = dict(
    ssr={f'model.{key}': value for key, value in preact.items()},
    dividemix={f'model.network.{key}': value for key, value in preact.items()},
    coteaching={f'model.network.{key}': value for key, value in resnet.items()},
)
# Selection begins after the first epoch.
begins = dict(dividemix={'custom_hooks.0.warmup_epochs': 1}, coteaching={'custom_hooks.1.begin': 1})
methods = {
    '_delete_': True,
    **{
        name: dict(
            method,
            options={
                **(widths[name] if name in widths else {f'model.{key}': value for key, value in resnet.items()}),
                **begins.get(name, {}),
            },
        )
        for name, method in _base_.methods.items()
    },
}
del resnet, preact, widths, begins
