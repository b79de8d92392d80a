from typing import List, Optional

import torch
from torch import Tensor

from ...registry import HOOKS
from ...stamps import read_selection, sample_indices
from ..model_parts import unwrap
from ..sample_record import Column, SampleRecordHook


@HOOKS.register_module(name=['SelectionRecordHook', 'SelectionHook'])
class SelectionRecordHook(SampleRecordHook):
    """Records which samples a model of two networks learns from (:class:`CoTeaching` and its kin).

    The score of a sample is the share of the networks, 0, 1/2 or 1, that learnt from it when it was last considered;
    an issue is what neither learns from. Under Co-teaching+ a sample on which the networks agree is not considered.
    """

    columns = dict(selected=Column(reduce='last'), considered=Column(reduce='last'))

    def preflight(self, runner) -> List[str]:
        model = unwrap(runner.model)
        selects = getattr(model, 'selects_samples', False)
        problem = f'{self.name}: {type(model).__name__} selects no samples; leave the hook out.'
        return super().preflight(runner) + ([] if selects else [problem])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        samples = data_batch['data_samples']
        share = read_selection(samples)
        index = sample_indices(samples, share.device)
        considered = ~share.isnan()
        self.add(index[considered], selected=share[considered], considered=torch.ones_like(share[considered]))

    def score(self) -> Optional[Tensor]:
        return self.record['selected'].masked_fill(self.record['considered'] == 0, torch.nan) if self.known else None

    def issues(self) -> Tensor:
        return self.record['selected'].lt(0.5) & self.record['considered'].gt(0)
