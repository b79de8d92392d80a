"""Spaces that train in a fraction of a second: features of noise around ten centres, and digits with a narrow network."""

import json
import random

import numpy as np

from mmnoisy.search.choice import complete, draw
from mmnoisy.search.space import find_space, read_space


def write_bank(folder, count=300, seed=0, rate=0.3, classes=10, views=1):
    """A feature bank of 8 features around ten centres, with wrong labels, in equal views; returns its path as text."""
    rng = np.random.default_rng(seed)
    clean = np.arange(count) % classes
    centres = 3 * np.random.default_rng(7).normal(size=(classes, 8))
    features = (centres[clean] + rng.normal(size=(count, 8))).astype(np.float16)[None].repeat(views, 0)
    given = np.where(rng.random(count) < rate, rng.integers(0, classes, count), clean)
    data = folder / 'data-0123456789abcdef'
    data.mkdir(parents=True)
    np.save(data / 'features.npy', features)
    np.save(data / 'status.npy', np.ones(count, dtype=np.uint8))
    (data / 'names.json').write_text(json.dumps([f'{i}.png' for i in range(count)]))
    np.savez(folder / 'columns-0123456789abcdef.npz', label=given, clean_label=clean)
    meta = dict(
        version=1,
        data=data.name,
        columns_file='columns-0123456789abcdef.npz',
        columns=['label', 'clean_label'],
        classes=[str(k) for k in range(classes)],
        num_images=count,
        num_features=8,
        errors={},
    )
    (folder / 'bank.json').write_text(json.dumps(meta))
    return str(folder)


def tiny_base(folder, name, bank=None):
    """A file over a space's packaged base with a narrow network (and the tiny bank); returns its path."""
    base = read_space(find_space(name)).base
    lines = [f"_base_ = __import__('mmnoisy').config_path({base!r})"]
    if bank is None:
        lines += ['model = dict(backbone=dict(channels=(4, 8, 8)), head=dict(in_channels=8))']
        source = ''
    else:
        lines += [f'model = dict(backbone=dict(in_channels=8, bank={bank!r}), head=dict(in_channels=8))']
        source = f', source=dict(bank={bank!r})'
    # Two iterations an epoch or so.
    size = 100 if bank else 450
    lines += [f'train_dataloader = dict(batch_size={size}, dataset=dict(holdout=0.3{source}))']
    lines += [f'val_dataloader = dict(dataset=dict(holdout=0.3{source}))']
    lines += [f'test_dataloader = dict(dataset=dict(bank={bank!r}))'] if bank else []
    path = folder / f'{name}_base.py'
    path.write_text('\n'.join(lines) + '\n')
    return str(path)


def pairs(parts):
    """Every two parts of a choice."""
    items = sorted(parts.items())
    return {(a, b) for i, a in enumerate(items) for b in items[i + 1 :]}


def allowed_pairs(space):
    """Every two parts of a space that occur together in some choice."""
    found = set()
    for slot, names in space.slots.items():
        for name in names:
            for other, others in space.slots.items():
                for part in others if other > slot else ():
                    try:
                        found |= pairs(complete(space, {slot: name, other: part}).parts)
                    except ValueError:
                        continue
    return found


def covering(space, known=(), seed=0):
    """A few choices in which every allowed pair occurs that is not in ``known``."""
    rng, left, found = random.Random(seed), allowed_pairs(space) - set(known), []
    while left:
        best = max((draw(space, rng) for _ in range(300)), key=lambda choice: len(pairs(choice.parts) & left))
        if pairs(best.parts) & left:
            found.append(best)
            left -= pairs(best.parts)
    return found
