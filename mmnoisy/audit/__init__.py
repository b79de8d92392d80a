from .find_issues import Issues, find_issues
from .judges import Judge, judge_by_probabilities, judge_by_scores

__all__ = ['Issues', 'Judge', 'find_issues', 'judge_by_probabilities', 'judge_by_scores']
