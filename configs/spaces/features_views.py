# A classifier on frozen features of which the bank keeps random crops (views=3): co-divide and MixMatch beside the rest.
_base_ = 'features.py'
name = 'features_views'
title = 'A probe on frozen features and cached views'
slots = dict(selection=['none', 'coteaching', 'aum', 'ssr', 'codivide'], semi=['none', 'mixmatch'])
_views = {'train_dataloader.dataset.source.views': 3, 'val_dataloader.dataset.source.views': 3}
parts = dict(selection=dict(codivide=dict(view=dict(cached='random'), config=_views)))
# Plain training of a probe is best with small learning rates (docs/benchmarks/features.md).
del _views
numbers = dict(lr=dict(low=0.0005))
