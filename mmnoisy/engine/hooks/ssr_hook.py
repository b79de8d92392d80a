import hashlib
from typing import Iterable, List, Optional

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_rank, get_world_size
from torch import Tensor

from ...functional.knn_vote import WEIGHTINGS, Votes, count_votes, nearest
from ...models.classifiers.semi_supervised import SemiSupervisedClassifier
from ...registry import HOOKS
from ...stamps import Division, sample_indices, write_targets
from ..measures import features_and_confidence
from ..model_parts import unwrap
from ..sample_record import Column, SampleRecordHook
from ..shared_sweep import shared_sweep
from ..streams import balanced_stream, batch_shares, stamp_division, stream_problems, stream_sampler, warn_empty

#: Neighbours, 12 bytes each, that are kept for the next epoch: those of frozen features are the same in each.
_KEPT = 2**25


@HOOKS.register_module()
class SSRHook(SampleRecordHook):
    """Self-selected relabelling: relabels samples by confidence, then trains on those whose neighbours agree.

    `SSR: An Efficient and Robust Framework for Learning with Unknown Label Noise
    <https://arxiv.org/abs/2111.11288>`_. Before each epoch the training set is swept (test transforms). A sample whose
    largest probability is above ``theta_r`` gets the predicted class as its label; the observed labels are the start
    every time. Then its nearest neighbours in feature space vote (:func:`knn_vote`): selected is a sample whose label has
    at least ``theta_s`` of the winner's votes. Batches hold selected samples alone, each class as often as the others,
    with the new label stamped as ``gt_score``. Needs :class:`mmnoisy.datasets.StreamSampler` and a classifier with
    ``extract_feat`` and one head; mixup is an option of the model.

    Writes ``samples.csv``: the score is the share of votes for the observed label, the suggestion the label of a selected
    sample and the winner of the vote for others; an issue is a sample for which it is another than the observed one.

    Args:
        theta_r (float): Confidence from which a sample is relabelled, in (0, 1]; 1 for never. Defaults to 0.9.
        theta_s (float): Share of the winner's votes to be selected, in (0, 1]. Defaults to 1: the label has to win.
        k (int): Neighbours, the sample itself among them. Defaults to 200.
        weighting (str): Of the votes: ``'uniform'`` or ``'cosine'``. Defaults to ``'uniform'``.
        warmup_epochs (int): Epochs on all samples and observed labels before the first selection. Defaults to 0.
        unlabelled_share (float): Of a batch, in [0, 1): samples that are not selected, for a model that learns from
            them without their labels, such as :class:`mmnoisy.FeatureConsistencyClassifier`. Defaults to 0.
        epoch_batches (int): Batches in an epoch; 0 for as many selected samples as the training set has samples.
            Defaults to 0.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range; before training: gradient accumulation, a model without ``extract_feat`` and
            ``head``, or, with ``unlabelled_share``, one that would use the labels of unlabelled samples; another sampler.
    """

    selects_by_sweep = True
    columns = dict(
        votes=Column(reduce=None),
        suggested=Column(dtype=torch.int64, reduce=None),
        selected=Column(dtype=torch.bool, reduce=None),
    )

    def __init__(
        self,
        theta_r: float = 0.9,
        theta_s: float = 1.0,
        k: int = 200,
        weighting: str = 'uniform',
        warmup_epochs: int = 0,
        unlabelled_share: float = 0.0,
        epoch_batches: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not (0 < theta_r <= 1 and 0 < theta_s <= 1):
            raise ValueError(f'SSRHook: theta_r and theta_s must be in (0, 1], not {theta_r} and {theta_s}.')
        if k < 1 or warmup_epochs < 0 or epoch_batches < 0:
            raise ValueError(
                'SSRHook: k must be >= 1, warmup_epochs and epoch_batches >= 0, not '
                f'{k}, {warmup_epochs} and {epoch_batches}.'
            )
        if not 0 <= unlabelled_share < 1:
            raise ValueError(f'SSRHook: unlabelled_share must be in [0, 1), not {unlabelled_share}.')
        if weighting not in WEIGHTINGS:
            raise ValueError(f'SSRHook: weighting must be one of {", ".join(WEIGHTINGS)}, not {weighting!r}.')
        self.theta_r, self.theta_s, self.k, self.weighting = theta_r, theta_s, k, weighting
        self.warmup_epochs, self.unlabelled_share, self.epoch_batches = warmup_epochs, unlabelled_share, epoch_batches
        #: Classes to train with, (N,), and what to stamp of the whole training set; None in the warm-up.
        self._targets: Optional[Tensor] = None
        self.division: Optional[Division] = None
        self._features_digest, self._neighbours = b'', []

    def preflight(self, runner) -> List[str]:
        model, problems = unwrap(runner.model), super().preflight(runner)
        if not hasattr(model, 'extract_feat') or not hasattr(getattr(model, 'head', None), 'num_classes'):
            problems.append(
                f'{self.name} needs one network with features and a head, such as mmnoisy.SampleAwareClassifier, not '
                f'{type(model).__name__}.'
            )
        elif self.unlabelled_share and not isinstance(model, SemiSupervisedClassifier):
            problems.append(
                f'{self.name}: {type(model).__name__} would use the labels of unlabelled samples: set '
                "unlabelled_share=0, or model.type='mmnoisy.FeatureConsistencyClassifier'."
            )
        return problems + stream_problems(runner, self.unlabelled_share, 1, self.name)

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self._sampler = stream_sampler(runner, self.name)
        self._shares = batch_shares(runner.train_dataloader.batch_size, self.unlabelled_share, 1, self.name)
        self._sweep = shared_sweep(runner)
        self._sweep.loader(runner)
        self._sweep.announce(lambda epoch: epoch >= self.warmup_epochs)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        if runner.epoch < self.warmup_epochs:
            return
        swept = self._sweep.select(runner, features_and_confidence)
        labels = torch.where(swept['confidence'] > self.theta_r, swept['prediction'], self.labels)
        device = next(runner.model.parameters()).device
        votes = self.vote(swept['features'].to(device), labels)
        selected = votes.share[:, 0] >= self.theta_s
        self.set(votes=votes.share[:, 1], suggested=torch.where(selected, labels, votes.winner), selected=selected)
        self._fill(runner, labels, selected)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if self._targets is None:
            return
        samples = data_batch['data_samples']
        index = sample_indices(samples)
        write_targets(samples, F.one_hot(self._targets[index], self.num_classes).float())
        stamp_division(runner, batch_idx, samples, self.division, self.warmup_epochs)

    def vote(self, features: Tensor, labels: Tensor) -> Votes:
        """Vote on all samples, shared out over ranks: the shares are those of ``labels`` and of the observed labels."""
        rows = torch.arange(get_rank(), len(labels), get_world_size())
        asked = torch.stack([labels, self.labels], dim=1)
        part = count_votes(self.neighbours(features, rows), labels, asked, self.num_classes, self.weighting)
        winner = torch.zeros(len(labels), dtype=torch.int64)
        share = torch.zeros(len(labels), 2)
        winner[rows], share[rows] = part.winner, part.share
        all_reduce(winner)
        all_reduce(share)
        return Votes(winner, share)

    def neighbours(self, features: Tensor, rows: Tensor) -> Iterable[tuple]:
        """Blocks of neighbours of :func:`nearest`; of features that have not changed, those of the last call."""
        found = nearest(features, self.k, rows)
        if len(rows) * self.k > _KEPT:
            return found
        digest = hashlib.blake2b(features.cpu().numpy().data).digest()
        if digest != self._features_digest:
            self._features_digest, self._neighbours = digest, list(found)
        return self._neighbours

    def _fill(self, runner, labels: Tensor, selected: Tensor) -> None:
        """Fill the sampler with the selected samples, and log how many there are."""
        warn_empty(selected[:, None], labels, self.num_classes, runner.logger)
        labelled = selected if selected.any() else torch.ones_like(selected)
        rows, others = labelled.nonzero().squeeze(1), (~labelled).nonzero().squeeze(1)
        generator = torch.Generator().manual_seed(self._sampler.seed + runner.epoch)
        batches = self.epoch_batches or max(1, len(labels) // (self._shares[0] * get_world_size()))
        self._sampler.set_streams([balanced_stream(rows, labels[rows], generator), others], self._shares, batches)
        # A selected sample's new label is believed altogether.
        self._targets, self.division = labels, Division(labelled[:, None].float(), labelled[:, None])
        changed = labels != self.labels
        values = dict(selected=selected, relabelled=changed, selected_relabelled=selected & changed)
        shares = {name: value.double().mean().item() for name, value in values.items()}
        runner.visualizer.add_scalars({f'ssr/{k}': v for k, v in shares.items()}, step=runner.epoch + 1)
        text = ', '.join(f'{name} {share:.3f}' for name, share in shares.items())
        runner.logger.info(f'{self.name}: epoch {runner.epoch + 1}: shares of the samples: {text}')

    def score(self) -> Optional[Tensor]:
        return self.record['votes'] if self.known else None

    def issues(self) -> Tensor:
        return self.record['suggested'] != self.labels

    def suggested_labels(self) -> Optional[Tensor]:
        return self.record['suggested']
