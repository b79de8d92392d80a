from pathlib import Path
from typing import Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor

from ...functional import transition as matrices
from .robust_loss import RobustLoss


def read_transition(transition, num_classes: int) -> np.ndarray:
    """A transition matrix from a config value.

    Args:
        transition (dict | str | Sequence[Sequence[float]] | np.ndarray | None): ``dict(kind=..., rate=..., ...)`` as in
            :mod:`mmnoisy.functional.transition`, the path of a ``.npy`` file, the matrix, or None for the identity.
        num_classes (int): K.

    Returns:
        np.ndarray: (K, K) float64, ``T[i, j] = P(noisy = j | clean = i)``.

    Raises:
        ValueError: Not a transition matrix of K classes.
        FileNotFoundError: No such file.
    """
    if transition is None:
        return np.eye(num_classes)
    if isinstance(transition, (str, Path)):
        if not Path(transition).is_file():
            raise FileNotFoundError(
                f'transition: {transition} does not exist. TransitionHook writes transition_matrix.npy into '
                'the work_dir of its run.'
            )
        transition = np.load(transition)
    if isinstance(transition, dict):
        options = dict(transition)
        try:
            transition = matrices.matrix_of_kind(options.pop('kind', None), num_classes, **options)
        except ValueError as error:
            raise ValueError(f'transition: {error}') from None
    return matrices.check_matrix(transition, num_classes)


class TransitionLoss(RobustLoss):
    """Base of the losses that correct by a noise transition matrix T, ``T[i, j] = P(noisy = j | clean = i)``.

    T is a (K, K) buffer and so part of every checkpoint. Without one it is the identity, which is plain cross entropy,
    until :class:`mmnoisy.TransitionHook` sets an estimate.

    Args:
        num_classes (int): K.
        transition (dict | str | Sequence[Sequence[float]], optional): T: ``dict(kind='symmetric', rate=0.4)`` and the
            like, the path of a ``.npy`` file, or the matrix. Defaults to None, the identity.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: T has the wrong shape, entries outside [0, 1], or a row that does not sum to 1.
        FileNotFoundError: No such file.
    """

    transition: Tensor

    def __init__(
        self, num_classes: int, transition: Optional[Union[dict, str, Sequence[Sequence[float]]]] = None, **kwargs
    ):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.register_buffer('transition', torch.eye(num_classes))
        self.set_transition(read_transition(transition, num_classes))

    def set_transition(self, transition: np.ndarray) -> None:
        """Replace T by another (K, K) matrix.

        Raises:
            ValueError: Not a transition matrix of K classes.
        """
        matrix = matrices.check_matrix(transition, self.num_classes)
        self.transition.copy_(torch.as_tensor(matrix))

    def noisy_posterior(self, probability: Tensor) -> Tensor:
        """``T^T p``: (B, K) probabilities of the clean class -> (B, K) probabilities of the noisy label, all > 0."""
        # Far below float32's smallest probability that matters: a larger bound would stop the gradient of samples that
        # are predicted confidently and against their label, where T has zeros.
        return (probability @ self.transition.to(probability)).clamp_min(1e-30)
