"""Registries of mmnoisy: children of the mmengine root registries, so ``type='mmnoisy.X'`` works from every scope.

Nothing but mmengine is imported here: mmengine swallows an ImportError of this module.
"""

from mmengine.registry import DATA_SAMPLERS as ROOT_DATA_SAMPLERS
from mmengine.registry import DATASETS as ROOT_DATASETS
from mmengine.registry import FUNCTIONS as ROOT_FUNCTIONS
from mmengine.registry import HOOKS as ROOT_HOOKS
from mmengine.registry import METRICS as ROOT_METRICS
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import PARAM_SCHEDULERS as ROOT_PARAM_SCHEDULERS
from mmengine.registry import TRANSFORMS as ROOT_TRANSFORMS
from mmengine.registry import VISUALIZERS as ROOT_VISUALIZERS
from mmengine.registry import Registry

from . import compat

# Whatever loads a checkpoint with a part of this package imports this module first.
compat.allow_checkpoint_globals()

MODELS = Registry('model', parent=ROOT_MODELS, scope='mmnoisy', locations=['mmnoisy.models'])
HOOKS = Registry('hook', parent=ROOT_HOOKS, scope='mmnoisy', locations=['mmnoisy.engine', 'mmnoisy.evaluation'])
DATASETS = Registry('dataset', parent=ROOT_DATASETS, scope='mmnoisy', locations=['mmnoisy.datasets.registered'])
TRANSFORMS = Registry('transform', parent=ROOT_TRANSFORMS, scope='mmnoisy', locations=['mmnoisy.datasets.registered'])
FUNCTIONS = Registry('function', parent=ROOT_FUNCTIONS, scope='mmnoisy', locations=['mmnoisy.datasets.registered'])
DATA_SAMPLERS = Registry(
    'data sampler', parent=ROOT_DATA_SAMPLERS, scope='mmnoisy', locations=['mmnoisy.datasets.registered']
)
METRICS = Registry('metric', parent=ROOT_METRICS, scope='mmnoisy', locations=['mmnoisy.evaluation'])
PARAM_SCHEDULERS = Registry(
    'parameter scheduler', parent=ROOT_PARAM_SCHEDULERS, scope='mmnoisy', locations=['mmnoisy.engine']
)
VISUALIZERS = Registry('visualizer', parent=ROOT_VISUALIZERS, scope='mmnoisy', locations=['mmnoisy.engine'])
