import pytest
from mmengine.config import Config, DictAction

from mmnoisy.cfg_options import parse_option, parse_value, warn_of_unknown
from mmnoisy.config import run_parser


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('3', 3),
        ('1e-3', 1e-3),
        ('true', True),
        ('None', None),
        ('[1, 2]', [1, 2]),
        ('(4,8,8)', (4, 8, 8)),
        ('1,2', [1, 2]),
        ('a,b', ['a', 'b']),
        ('[a,b]', ['a', 'b']),
        ('[(a,b),c]', [('a', 'b'), 'c']),
        ('/data/my photos/a, b', '/data/my photos/a, b'),
        ("/data/it's", "/data/it's"),
        ('["my cat", "dog"]', ['my cat', 'dog']),
        ('[my cat, dog]', ['my cat', 'dog']),
        ('a=b', 'a=b'),
        ('ü "x"', 'ü "x"'),
        ('', ''),
    ],
)
def test_values(text, value):
    found = parse_value(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize('text', ['1', '0.5', 'False', 'a,b', '[a,b]', '[(a,b),[c,d]]', '(1,2)', 'SGD', '[None,true]'])
def test_plain_values_are_those_of_upstream(text):
    assert parse_value(text) == DictAction._parse_iterable(text)


def test_the_tools_take_paths_literally():
    args = run_parser('').parse_args(['c.py', '--cfg-options', 'a.b=/my photos/x y', 'c=[1,2]'])
    assert args.cfg_options == {'a.b': '/my photos/x y', 'c': [1, 2]}


@pytest.mark.parametrize('text', ['novalue', '=3'])
def test_what_is_no_option(text, capsys):
    with pytest.raises(SystemExit):
        run_parser('').parse_args(['c.py', '--cfg-options', text])
    assert f"'{text}' is not KEY=VALUE" in capsys.readouterr().err
    with pytest.raises(Exception, match='KEY=VALUE'):
        parse_option(text)


def test_an_unknown_key_names_the_nearest():
    cfg = Config(dict(train_cfg=dict(max_epochs=3), stages=[dict(name='a')]))
    known = {'train_cfg.max_epochs': 1, 'stages.0.name': 'b', 'train_cfg': dict(), 'hooks.x': dict(type='mmnoisy.X')}
    assert warn_of_unknown(cfg, known) == []
    (warning,) = warn_of_unknown(cfg, {'train_cfg.max_epoch': 1})
    assert "no entry 'train_cfg.max_epoch'; the nearest is 'train_cfg.max_epochs'" in warning
    (warning,) = warn_of_unknown(cfg, {'zzz.y': 1})
    assert warning.startswith("The config has no entry 'zzz.y'. It is set")
