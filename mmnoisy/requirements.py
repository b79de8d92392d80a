"""Which versions mmnoisy works with: the only place, read by setup.py and by :mod:`mmnoisy.compat`.

This module imports nothing, so that setup.py can read it where nothing is installed.
"""

#: Distribution name -> version specifier. The two must come from one index: a CPU-only torch beside PyPI's torchvision
#: fails with "operator torchvision::nms does not exist". Tried: 2.15.0 + 0.29.2 and 2.11.0 + 0.26.0.
TORCH = {'torch': '>=2.11,<2.16', 'torchvision': '>=0.26,<0.30'}

#: Stack -> distribution name -> version specifier. Both stacks provide the same import names (``mmengine``, ``mmcv``,
#: ``mmpretrain``): one environment holds one of them, so neither is a plain requirement.
STACKS = {
    'openmmlab': {'mmengine': '>=0.10.7,<0.11', 'mmcv-lite': '>=2.1,<2.3', 'mmpretrain': '>=1.2,<1.3'},
    'onedl': {
        'onedl-mmengine': '>=0.10.12,<0.11',
        'onedl-mmcv': '>=2.3.6,<2.4',
        'onedl-mmpretrain': '>=1.3.6,<1.4',
    },
}
