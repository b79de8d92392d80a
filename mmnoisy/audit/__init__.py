"""Which labels of a data set are wrong; each part is imported when it is asked for: to fix a list needs no network."""

from importlib import import_module

from .fix import Fixed, fix

# A function must not have the name of its module here, or the import of the one would hide the other.
_MODULES = {
    'Audit': 'data_audit',
    'Issues': 'issues',
    'Judge': 'judges',
    'audit': 'data_audit',
    'find_issues': 'issues',
    'judge_by_probabilities': 'judges',
    'judge_by_scores': 'judges',
}
__all__ = ['Fixed', 'fix', *_MODULES]


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_MODULES[name]}', __name__), name)
