from mmengine.hooks import Hook

from ...registry import HOOKS
from ..preflight import refuse
from ..run_checks import absent_classes, find_problems


@HOOKS.register_module()
class PreflightHook(Hook):
    """Finds, before the first batch, all that is wrong with a run, and refuses it with one list.

    Checked are the loaders, the numbers of classes, the views, the split, the work dir and what each hook and the model ask
    for, see :mod:`mmnoisy.engine.preflight` and :mod:`mmnoisy.engine.run_checks`. Two samples are loaded; no random state
    is changed.

    Raises:
        PreflightError: Before training: something is wrong.
    """

    # Before every other hook begins to work.
    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        refuse(find_problems(runner))
        for warning in absent_classes(runner):
            runner.logger.warning(warning)
