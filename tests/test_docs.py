"""What the pages say works: the commands of the first two are run, all others are parsed; the examples are trained."""

import re
import sys

import pytest
from mmengine.config import Config

from mmnoisy import __version__
from mmnoisy.registry import DATASETS, HOOKS, MODELS, TRANSFORMS

from .cli.messy import make_messy
from .doc_commands import code_blocks, commands, complaint, run_small, setup_arguments
from .helpers import CONFIGS, ROOT, train

DOCS = ROOT / 'docs'
#: Pages that are written by hand.
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted(DOCS.glob('*.md'))]
FEATURES = ('timm', 'cleanlab', 'jinja2', 'plotly')


def text_of(name):
    return (DOCS / f'{name}.md').read_text(encoding='utf-8')


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with what a checkout has, and the user's photos."""
    for name in ('configs', 'tools'):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_page(name):
    for words in commands(text_of(name)):
        code = run_small(words)
        # The check fails where training would: the photos have damaged files.
        assert code == (1 if words[:2] == ['mmnoisy', 'check'] else 0), ' '.join(words)


def test_commands_of_get_started(workplace):
    run_page('get_started')
    for name in (
        'demo_results/curves.png',
        'work_dirs/gce/epoch_2.pth',
        'work_dirs/curves.png',
        'work_dirs/aum/summary.json',
    ):
        assert (workplace / name).is_file(), name


def test_commands_of_own_data(workplace):
    for package in FEATURES:
        pytest.importorskip(package, reason='needs mmnoisy[features]')
    make_messy('photos', num_classes=3, per_class=16)
    run_page('own_data')
    for name in ('audits/photos/report.html', 'clean.csv', 'predictions.csv', 'both.html'):
        assert (workplace / name).is_file(), name
    for code in code_blocks(text_of('own_data'), 'python'):
        if '_base_' not in code:
            exec(compile(code, 'own_data.md', 'exec'), {})


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.name)
def test_commands_name_what_exists(path):
    found = {' '.join(words): complaint(words) for words in commands(path.read_text(encoding='utf-8'))}
    assert not {command: wrong for command, wrong in found.items() if wrong}


@pytest.mark.parametrize(
    'command, wrong',
    [
        ('python tools/train.py configs/gce/gce_cnn3.py', 'does not exist'),
        ('python tools/train.py configs/gce/gce_cnn3_60e_digits-sym40.py --sed 0', 'no option --sed'),
        ('python tools/trian.py', 'no file tools/trian.py'),
        ('torchrun --nproc_per_node=4 tools/train.py mmnoisy::gce/gce_cnn3', 'no config'),
        ('tools/dist_train.sh configs/none.py 4', 'does not exist'),
        ('mmnoisy audit photos --outt a', 'no option --outt'),
        ('mmnoisy adit photos --out a', 'no option --out'),
        ('make demos', 'no target demos'),
        ('pip install -e ".[openmmlab,feature]"', 'no extra feature'),
        ('conda install mmnoisy', 'not a program'),
    ],
)
def test_a_wrong_command_is_seen(command, wrong):
    assert wrong in complaint(commands(f'```shell\n{command}\n```')[0])


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.name)
def test_code_of_pages_compiles_and_names_what_is_registered(path):
    code = '\n'.join(code_blocks(path.read_text(encoding='utf-8'), 'python'))
    compile(code, path.name, 'exec')
    own = set(re.findall(r'(?m)^class (\w+)', code))
    for name in set(re.findall(r"type='mmnoisy\.(\w+)'", code)) - own:
        assert any(registry.get(f'mmnoisy.{name}') for registry in (DATASETS, HOOKS, MODELS, TRANSFORMS)), (
            f'{path.name}: {name}'
        )


@pytest.fixture
def own_config(tmp_path, monkeypatch):
    """Load a config of a page as if it lay in a folder below ``configs/``, beside the page's module."""
    for folder in CONFIGS.iterdir():
        (tmp_path / 'configs' / folder.name).parent.mkdir(exist_ok=True)
        (tmp_path / 'configs' / folder.name).symlink_to(folder)
    own = tmp_path / 'configs' / 'own'
    own.mkdir()
    (own / 'my_mmpretrain_config.py').write_text("_base_ = '../ce/ce_cnn3_60e_digits-sym40.py'\n")
    monkeypatch.syspath_prepend(str(own))

    def load(code, module=None):
        name = re.search(r"custom_imports = dict\(imports=\['(?!mmnoisy)(\w+)'\]\)", code)
        if name:
            (own / f'{name[1]}.py').write_text(module, encoding='utf-8')
            sys.modules.pop(name[1], None)
        (own / 'page.py').write_text(code, encoding='utf-8')
        return Config.fromfile(own / 'page.py')

    return load


@pytest.mark.parametrize('page', ['own_data', 'choose_a_method', 'add_a_method'])
def test_configs_of_pages_load(page, own_config):
    text = text_of(page)
    blocks = [code for code in code_blocks(text, 'python') if '_base_' in code and 'custom_imports' not in code]
    blocks += [code for code in code_blocks(text, 'python') if "imports=['mmnoisy']" in code]
    assert blocks
    for code in blocks:
        assert own_config(code).model.type


@pytest.mark.parametrize(
    'page, registry, name',
    [
        ('add_a_loss', MODELS, 'TaylorCrossEntropy'),
        ('add_a_hook', HOOKS, 'ForgettingHook'),
        ('add_a_method', MODELS, 'AgreementTeaching'),
    ],
)
def test_what_a_page_adds_trains(page, registry, name, own_config, tmp_path):
    module, config = code_blocks(text_of(page), 'python')[:2]
    try:
        cfg = own_config(config, module)
        cfg.merge_from_dict({'work_dir': str(tmp_path / 'run'), 'train_cfg.max_epochs': 1, 'log_level': 'WARNING'})
        train(cfg)
    finally:
        registry.module_dict.pop(name, None)
    assert (tmp_path / 'run/summary.json').is_file()
    assert (tmp_path / 'run/samples.csv').is_file() == (name == 'ForgettingHook')


def test_changelog_ends_with_this_version():
    heads = re.findall(r'(?m)^## (.*)$', (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'))
    assert heads[0] == 'Unreleased'
    assert re.fullmatch(rf'{re.escape(__version__)} \(\d{{4}}-\d\d-\d\d\)', heads[1])


def test_pins_of_pre_commit_are_those_of_setup():
    pins = re.findall(r'"(\w+==[\d.]+)"', (ROOT / '.pre-commit-config.yaml').read_text())
    assert pins and set(pins) <= set(setup_arguments()['extras_require']['tests'])
