"""A small network that needs no pretrained weights, trained through mmengine from an ordinary config."""

import gc
import time
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner, find_latest_checkpoint

from ..config import config_path
from ..engine.model_parts import unwrap

#: Iterations of a training at least: few images are seen more often.
_ITERATIONS = 225
_BATCH = 64


def network_config(
    folder,
    images: str,
    labels: str,
    num_classes: int,
    size: int,
    rows: Optional[str] = None,
    epochs: int = 10,
    seed: int = 0,
    anneal: bool = False,
    hooks: Sequence[dict] = (),
) -> Config:
    """Config of a CNN3 on small images.

    The recipe is that of AUM on digits (``configs/aum``): a constant learning rate of 0.01 and an end before wrong labels
    are memorised.

    Args:
        folder (str | Path): Work dir.
        images (str): See :class:`mmnoisy.datasets.ImageArray`, also for ``labels`` and ``rows``.
        labels (str): File.
        num_classes (int): K.
        size (int): Number of training images.
        rows (str, optional): File of the rows to train on.
        epochs (int): At least; more where there are few images. Defaults to 10.
        seed (int): Defaults to 0.
        anneal (bool): Let the learning rate fall to 0 by a cosine. Defaults to False.
        hooks (Sequence[dict]): ``custom_hooks``.
    """
    epochs = max(epochs, -(-_ITERATIONS * _BATCH // size))
    loader = dict(num_workers=0, persistent_workers=False, collate_fn=dict(type='mmnoisy.collate_batch'))
    source = dict(type='mmnoisy.ImageArray', images=images, labels=labels, num_classes=num_classes, rows=rows)
    cfg = Config.fromfile(config_path('_base_/default_runtime.py'))
    cfg.merge_from_dict(
        dict(
            work_dir=str(folder),
            model=dict(
                type='mmnoisy.SampleAwareClassifier',
                backbone=dict(type='mmnoisy.CNN3', in_channels=3),
                head=dict(
                    type='LinearClsHead', num_classes=num_classes, in_channels=128, loss=dict(type='CrossEntropyLoss')
                ),
            ),
            data_preprocessor=dict(num_classes=num_classes, mean=[127.5] * 3, std=[64.0] * 3),
            train_dataloader=dict(
                loader,
                batch_size=_BATCH,
                dataset=dict(type='mmnoisy.LabelNoise', source=source, pipeline=[dict(type='PackInputs')]),
                sampler=dict(type='DefaultSampler', shuffle=True),
            ),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4)),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=epochs, by_epoch=True)] if anneal else None,
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            default_hooks=dict(
                checkpoint=dict(_delete_=True, type='CheckpointHook', interval=max(1, epochs // 3), max_keep_ckpts=1)
            ),
            custom_hooks=list(hooks),
            visualizer=dict(vis_backends=[dict(type='LocalVisBackend')]),
            randomness=dict(seed=seed),
            log_level='WARNING',
        )
    )
    cfg.default_hooks.pop('summary')
    return cfg


def train_network(cfg: Config) -> Runner:
    """Train, from the latest checkpoint of the work dir where there is one; its runner, trained."""
    gc.collect()
    Path(cfg.work_dir).mkdir(parents=True, exist_ok=True)
    cfg = cfg.copy()
    cfg.resume = find_latest_checkpoint(cfg.work_dir) is not None
    cfg.experiment_name = f'audit_{time.time_ns()}'
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


@torch.no_grad()
def sweep_images(model, images: np.ndarray, rows: Optional[np.ndarray] = None, features: bool = False) -> np.ndarray:
    """Class probabilities (M, K) of a classifier, or its features (M, D), float32, for rows of (N, S, S, 3) uint8 images."""
    model = unwrap(model).eval()
    rows = np.arange(len(images)) if rows is None else rows
    found = []
    for start in range(0, len(rows), 256):
        inputs = torch.from_numpy(images[rows[start : start + 256]]).permute(0, 3, 1, 2)
        inputs = model.data_preprocessor(dict(inputs=inputs), False)['inputs']
        result = model.extract_feat(inputs)[-1] if features else model(inputs, mode='tensor').softmax(1)
        found.append(result.float().cpu().numpy())
    return np.concatenate(found)
