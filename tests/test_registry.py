import pytest
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope, Registry

from mmnoisy.models.losses import GCELoss
from mmnoisy.registry import HOOKS


@pytest.mark.smoke
@pytest.mark.parametrize('scope', ['mmpretrain', 'mmengine', 'like_mmdet'])
def test_types_resolve_from_every_scope(scope):
    # A scope of a package that knows nothing of mmpretrain, as mmdet's.
    child = Registry('model', parent=ROOT_MODELS, scope='like_mmdet')
    registry = child if scope == 'like_mmdet' else ROOT_MODELS
    try:
        with DefaultScope.overwrite_default_scope(scope):
            assert isinstance(registry.build(dict(type='mmnoisy.GCELoss', q=0.5)), GCELoss)
    finally:
        ROOT_MODELS.children.pop('like_mmdet')


def test_unknown_type_is_refused():
    with pytest.raises(KeyError, match='mmnoisy.NoSuchLoss'):
        ROOT_MODELS.build(dict(type='mmnoisy.NoSuchLoss'))


@pytest.mark.parametrize('old, new', [('SampleStateHook', 'LossStateHook'), ('SelectionHook', 'SelectionRecordHook')])
def test_old_names_hold(old, new):
    assert HOOKS.get(f'mmnoisy.{old}') is HOOKS.get(f'mmnoisy.{new}') is not None
