"""``KEY=VALUE`` on a command line: values as they are typed, and keys that the config does not know."""

import ast
import difflib
import logging
from argparse import Action, ArgumentTypeError
from typing import Any, List, Tuple

_WORDS = {'true': True, 'false': False, 'none': None}
_BRACKETS = {'[': (']', list), '(': (')', tuple)}


def parse_option(text: str) -> Tuple[str, Any]:
    """``'a.b=VALUE'`` -> ``('a.b', value)``.

    Raises:
        ArgumentTypeError: No key, or no ``=``.
    """
    key, equals, value = text.partition('=')
    if not equals or not key.strip():
        raise ArgumentTypeError(f'{text!r} is not KEY=VALUE, such as train_cfg.max_epochs=5.')
    return key.strip(), parse_value(value)


def parse_value(text: str) -> Any:
    """A number, a word (True, False, None), a list, a tuple or a dict where the text is one; else the text as it is.

    ``a,b`` is a list, as in upstream's ``DictAction``, unless it looks like a path: spaces, quotes and commas of a file
    name are left alone.
    """
    bare = text.strip()
    if bare.lower() in _WORDS:
        return _WORDS[bare.lower()]
    try:
        value = ast.literal_eval(bare)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if value is not None:
        return list(value) if isinstance(value, tuple) and not bare.startswith('(') else value
    if bare and bare[0] in _BRACKETS and bare.endswith(_BRACKETS[bare[0]][0]):
        return _BRACKETS[bare[0]][1](parse_value(part) for part in _split(bare[1:-1]))
    if ',' in bare and not any(mark in bare for mark in '/\\ '):
        return [parse_value(part) for part in _split(bare)]
    return text


def _split(text: str) -> List[str]:
    """Parts between the commas that are in no bracket and no quotes; without the empty one after a last comma."""
    parts, depth, quote = [''], 0, None
    for char in text:
        if quote:
            quote = None if char == quote else quote
        elif char in '\'"':
            quote = char
        elif char in '[({':
            depth += 1
        elif char in '])}':
            depth -= 1
        if char == ',' and not depth and not quote:
            parts.append('')
        else:
            parts[-1] += char
    parts = [part.strip() for part in parts]
    return parts if parts[-1] else parts[:-1]


class OptionsAction(Action):
    """Collects ``KEY=VALUE ...`` in a dict. Upstream's ``DictAction`` takes spaces and quotes out of values."""

    def __call__(self, parser, namespace, values, option_string=None):
        options = dict(getattr(namespace, self.dest, None) or {})
        for text in values:
            try:
                key, value = parse_option(text)
            except ArgumentTypeError as error:
                parser.error(f'{option_string or self.dest}: {error}')
            options[key] = value
        setattr(namespace, self.dest, options)


def warn_of_unknown(cfg, options: dict) -> List[str]:
    """Warn of options whose key the config does not have, with the nearest one that it has; returns the warnings.

    A new key is allowed: a part may have options that its config leaves at their defaults.
    """
    from mmengine.logging import print_log

    warnings = []
    for key, value in options.items():
        if isinstance(value, dict) and 'type' in value:
            continue  # A further part is no slip of the pen.
        node, seen = cfg, []
        for part in key.split('.'):
            known = _keys(node)
            if known is None:
                break
            if part not in known:
                near = difflib.get_close_matches(part, known, 1, 0.5)
                hint = f'; the nearest is {".".join([*seen, near[0]])!r}' if near else ''
                warnings.append(f'The config has no entry {key!r}{hint}. It is set all the same.')
                break
            node = node[int(part)] if isinstance(node, (list, tuple)) else node[part]
            seen.append(part)
    for warning in warnings:
        print_log(warning, 'current', logging.WARNING)
    return warnings


def merge_options(cfg, options: dict) -> None:
    """Set options in a config.

    Raises:
        SystemExit: A key leads through a value that has no entries.
    """
    for key, value in options.items():
        try:
            cfg.merge_from_dict({key: value})
        except (TypeError, AttributeError) as error:
            raise SystemExit(f'--cfg-options: {key} cannot be set, a part of it is no dict ({error}).') from error


def _keys(node):
    """Keys of a dict or a list, as text; None where ``node`` is neither."""
    if isinstance(node, (list, tuple)):
        return [str(number) for number in range(len(node))]
    return [str(key) for key in node.keys()] if hasattr(node, 'keys') else None
