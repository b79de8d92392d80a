from .data_audit import Audit, audit
from .find_issues import Issues, find_issues
from .fix import Fixed, fix
from .judges import Judge, judge_by_probabilities, judge_by_scores

__all__ = [
    'Audit',
    'Fixed',
    'Issues',
    'Judge',
    'audit',
    'find_issues',
    'fix',
    'judge_by_probabilities',
    'judge_by_scores',
]
