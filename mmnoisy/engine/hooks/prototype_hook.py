from functools import partial
from numbers import Real
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.dist import broadcast, is_main_process
from torch import Tensor

from ...functional.neighbour_consensus import fit_consensus, neighbour_labels
from ...functional.prototypes import choose_density, class_vectors, draw_subset, select_prototypes
from ...registry import HOOKS
from ...stamps import sample_indices, write_targets
from ..measures import corrected_labels, image_features
from ..model_parts import unwrap
from ..sample_record import Column, SampleRecordHook
from ..shared_sweep import shared_sweep
from ..sweep import precision, sweep, sweep_loader

#: What ``'auto'`` chooses from, the paper's first.
RANKS, DENSE_SHARES = (0.4, 0.6, 0.75, 0.9), (1.0, 0.3, 0.1)
#: Samples whose neighbours tell how many labels are wrong, and by how much that may be mistaken.
_ASKED, _MARGIN = 3000, 0.03


@HOOKS.register_module()
class PrototypeHook(SampleRecordHook):
    """Corrects labels by prototypes and trains on the given and the corrected label together (SMP).

    `Deep Self-Learning From Noisy Labels <https://arxiv.org/abs/1908.02160>`_. After the warm-up, before every epoch:
    of ``subset`` random samples of each observed class the ``prototypes`` densest ones are taken that are unlike all
    denser ones (:mod:`mmnoisy.functional.prototypes`); the corrected label of a sample is the class to whose prototypes its
    features have the largest mean cosine. Then each data sample is stamped with the target ``(1 - alpha) y + alpha y'``
    as its ``gt_score``, which every mmpretrain head, loss and batch augment takes. With cross entropy that is the
    paper's loss; another loss is wrapped into :class:`mmnoisy.ExpectedLoss`.

    A class with fewer samples than ``subset`` gives all of them, one with fewer distinct samples than ``prototypes``
    has fewer prototypes, one without samples has none and is never suggested; a warning names the small classes.

    Writes ``samples.csv``: ``suggested_label`` is the corrected label, an issue is a label that was corrected, and the
    score is ``1/2 + margin/4`` with the margin between the mean cosine to the given class and to the best other one.
    The column ``group`` of the record is 0 for a prototype and 1 for the rest (:class:`mmnoisy.GroupPurityHook`).

    At the first correction the share of wrong labels is estimated from the labels of neighbours
    (:mod:`mmnoisy.functional.neighbour_consensus`); a warning says where more is corrected than that can explain. The
    estimate, and what ``'auto'`` chose, is kept in checkpoints.

    Args:
        warmup_epochs (int): Epochs on the given labels alone; 0 where ``load_from`` gives a trained network.
        alpha (float): Share of the corrected label in the target, in [0, 1]. Defaults to 0.5, the paper's.
        subset (int): m, random samples of a class among which prototypes are looked for. Defaults to 1280, the paper's.
        prototypes (int): p, prototypes of a class. Defaults to 8, the paper's.
        rank (float | str): Share of a class's similarities below ``S_c``, in [0, 1). ``'auto'`` takes at the first
            correction the one of :data:`RANKS` whose corrected labels agree most with the given ones
            (:func:`mmnoisy.functional.prototypes.choose_density`). Defaults to 0.4, the paper's.
        max_similarity (float): Largest similarity of a prototype to a denser sample. Defaults to 0.95, the paper's.
        dense_share (float | str): Only this share of the samples of a class, the densest ones, can be prototypes, in
            (0, 1], or ``'auto'``, of :data:`DENSE_SHARES`. Defaults to 1: all, as in the paper.
        seed (int): Of the random subsets, with the epoch. Defaults to 0.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range, or, before training, a model without ``extract_feat`` or a warm-up that lasts
            for the whole training.
    """

    columns = dict(
        corrected=Column(dtype=torch.int64, reduce=None),
        margin=Column(reduce=None),
        group=Column(dtype=torch.int64, reduce=None),
    )

    def __init__(
        self,
        warmup_epochs: int,
        alpha: float = 0.5,
        subset: int = 1280,
        prototypes: int = 8,
        rank: Union[float, str] = 0.4,
        max_similarity: float = 0.95,
        dense_share: Union[float, str] = 1.0,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if warmup_epochs < 0:
            raise ValueError(f'PrototypeHook: warmup_epochs must be >= 0, not {warmup_epochs}.')
        if not 0 <= alpha <= 1:
            raise ValueError(f'PrototypeHook: alpha must be in [0, 1], not {alpha}.')
        if min(subset, prototypes) < 1:
            raise ValueError(f'PrototypeHook: subset and prototypes must be >= 1, not {subset} and {prototypes}.')
        if rank != 'auto' and not (isinstance(rank, Real) and 0 <= rank < 1):
            raise ValueError(f"PrototypeHook: rank must be in [0, 1) or 'auto', not {rank!r}.")
        if not -1 <= max_similarity <= 1:
            raise ValueError(f'PrototypeHook: max_similarity must be a cosine, in [-1, 1], not {max_similarity}.')
        if dense_share != 'auto' and not (isinstance(dense_share, Real) and 0 < dense_share <= 1):
            raise ValueError(f"PrototypeHook: dense_share must be in (0, 1] or 'auto', not {dense_share!r}.")
        self.warmup_epochs, self.alpha, self.subset, self.seed = warmup_epochs, alpha, subset, seed
        self.options: Dict[str, Any] = dict(count=prototypes, max_similarity=max_similarity)
        self.ranks: Sequence[float] = RANKS if isinstance(rank, str) else (rank,)
        self.dense_shares: Sequence[float] = DENSE_SHARES if isinstance(dense_share, str) else (dense_share,)
        self._warned = False

    def preflight(self, runner) -> List[str]:
        model = unwrap(runner.model)
        problem = f'{self.name} needs one network with extract_feat, not {type(model).__name__}.'
        return super().preflight(runner) + ([] if hasattr(model, 'extract_feat') else [problem])

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self._sweep = shared_sweep(runner)
        self._sweep.loader(runner)
        self._sweep.announce(lambda epoch: epoch >= self.warmup_epochs)
        self._warn_small(runner)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        if runner.epoch < self.warmup_epochs:
            return
        vectors, rows = self.find_prototypes(runner)
        found = self._sweep.run(runner, partial(corrected_labels, vectors=vectors))
        self.set(**found, group=torch.ones_like(found['corrected']).index_fill_(0, rows, 0))
        changed = (found['corrected'] != self.labels).double().mean().item()
        runner.visualizer.add_scalars({f'correction/{self.name}_changed': changed}, step=runner.epoch)
        runner.logger.info(
            f'{self.name}: {len(rows)} prototypes suggest another label for {100 * changed:.1f} % of the samples'
        )
        self._warn_changed(runner, changed)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.epoch < self.warmup_epochs:
            return
        samples = data_batch['data_samples']
        index = sample_indices(samples)
        given, corrected = (
            F.one_hot(labels[index], self.num_classes).float() for labels in (self.labels, self.record['corrected'])
        )
        write_targets(samples, torch.lerp(given, corrected, self.alpha))

    def find_prototypes(self, runner) -> Tuple[Tensor, Tensor]:
        """The vector of each class (K, C), on the model's device, and the prototypes' ``sample_idx`` (P,), on the CPU.

        Both are found on rank 0 and equal on all ranks. Collective.
        """
        rows = draw_subset(self.labels.numpy(), self.subset, np.random.default_rng([self.seed, runner.epoch]))
        loader = sweep_loader(runner, rows=rows)
        features = sweep(runner.model, loader, image_features, rows, precision(runner))['features']
        device = next(runner.model.parameters()).device
        if not self.scalars:
            self._look(runner, features.to(device), self.labels[rows].to(device))
        options = dict(self.options, rank=self.scalars['rank'], dense_share=self.scalars['dense_share'])
        vectors = torch.zeros(self.num_classes, features.shape[1], dtype=torch.float64)
        is_prototype = torch.zeros(len(rows), dtype=torch.int64)
        if is_main_process():
            labels, chosen = self.labels[rows], []
            for label in range(self.num_classes):
                members = (labels == label).nonzero().flatten()
                if len(members):
                    members = members[select_prototypes(features[members].to(device), **options).cpu()]
                chosen.append(members)
            vectors = class_vectors([features[members] for members in chosen], features.shape[1])
            is_prototype[torch.cat(chosen)] = 1
        broadcast(vectors)
        broadcast(is_prototype)
        return vectors.float().to(device), rows[is_prototype.bool()]

    def score(self) -> Optional[Tensor]:
        return 0.5 + self.record['margin'] / 4 if self.known else None

    def issues(self) -> Tensor:
        return self.record['corrected'] != self.labels

    def suggested_labels(self) -> Optional[Tensor]:
        return self.record['corrected'] if self.known else None

    def groups(self) -> Optional[Tensor]:
        return self.record['group'] if self.known else None

    def _look(self, runner, features: Tensor, labels: Tensor) -> None:
        """Choose ``rank`` and ``dense_share``, and estimate the share of wrong labels, on rank 0. Collective."""
        found = torch.zeros(3, dtype=torch.float64)
        if is_main_process():
            choice = [self.ranks[0], self.dense_shares[0]]
            if len(self.ranks) * len(self.dense_shares) > 1:
                choice = list(choose_density(features, labels, self.ranks, self.dense_shares, **self.options)[:2])
            found = torch.tensor([*choice, self._noise_rate(features, labels)], dtype=torch.float64)
        broadcast(found)
        self.scalars = dict(zip(('rank', 'dense_share', 'noise_rate'), found.tolist()))
        runner.logger.info(
            '{}: rank {rank:g}, dense_share {dense_share:g}; by the labels of neighbours a share of {noise_rate:.3f} is wrong'.format(
                self.name, **self.scalars
            )
        )

    def _noise_rate(self, features: Tensor, labels: Tensor) -> float:
        if len(labels) < 3:
            return 1.0
        asked = np.random.default_rng(self.seed).permutation(len(labels))[:_ASKED]
        triples = neighbour_labels(features, labels, torch.from_numpy(asked))
        return fit_consensus(triples, self.num_classes).noise_rate()

    def _warn_changed(self, runner, changed: float) -> None:
        if self._warned or changed <= self.scalars['noise_rate'] + _MARGIN:
            return
        self._warned = True
        advice = ["rank='auto'"] * (len(self.ranks) == 1) + ["dense_share='auto'"] * (len(self.dense_shares) == 1)
        runner.logger.warning(
            f'{self.name} corrects {100 * changed:.1f} % of the labels, but by those of neighbours about '
            f'{100 * self.scalars["noise_rate"]:.1f} % are wrong: right labels are changed too. Do not replace labels by its '
            f'suggestions unseen. Try {", ".join([*advice, "more prototypes"])}, or another method.'
        )

    def _warn_small(self, runner) -> None:
        sizes = torch.bincount(self.labels, minlength=self.num_classes).tolist()
        small = {label: size for label, size in enumerate(sizes) if size < self.options['count']}
        if small:
            names = self.dataset.metainfo.get('classes') or range(self.num_classes)
            text = ', '.join(f'{names[label]} ({size})' for label, size in small.items())
            runner.logger.warning(
                f'{self.name}: fewer samples than prototypes={self.options["count"]} in the class {text}: its '
                'prototypes are fewer, and a class without samples is never suggested.'
            )
