from typing import Dict, Optional, Union

import numpy as np
import torch
from torch import Tensor

from ..datasets.samples_file import given_labels
from ..engine.measures import predicted_labels
from ..engine.model_parts import evaluated_model
from ..engine.shared_sweep import Request, shared_sweep
from ..engine.sweep import precision, sweep
from ..engine.training_predictions import TrainingPredictions

Row = Dict[str, Union[float, str]]


class Memorisation:
    """Training accuracy split by the correctness of the labels, from what is computed anyhow where that can be had.

    ``memorised_by`` of a row says from what, in this order:

    - ``division``: the sweep that the method itself makes with the weights after the epoch, with the test transforms. Not
      where an EMAHook averages the weights.
    - ``training``: the logits of the training passes of the epoch, with the training transforms and the weights of each
      iteration (:class:`mmnoisy.engine.training_predictions.TrainingPredictions`). Not where a method divides before most
      epochs, an EMAHook averages the weights, images are mixed or the loss makes other passes.
    - ``sweep``: one like a division's, for this alone.

    Args:
        runner (Runner): A run that begins to train; its training set has ``clean_labels``.
        training (bool): Whether the logits of the training passes will do.
    """

    #: Share of the samples that the training passes of an epoch must have seen.
    SEEN = 0.9

    def __init__(self, runner, training: bool):
        dataset = runner.train_dataloader.dataset
        self.given, self.clean = torch.as_tensor(given_labels(dataset)), torch.as_tensor(dataset.clean_labels)
        self._sweep = shared_sweep(runner)
        self._sweep.loader(runner)
        self._own_weights = evaluated_model(runner) is runner.model
        self._training: Optional[TrainingPredictions] = None
        # A run's curve has one meaning: where a method divides, the warm-up is swept too.
        if training and self._own_weights and not self._sweep.expected(runner.max_epochs - 1):
            found = TrainingPredictions(runner.model, len(dataset))
            self._training = found if found.heads else None
        self._request: Optional[Request] = None

    def before_iter(self) -> None:
        """Before each training step."""
        if self._training:
            self._training.before_iter()

    def after_iter(self, data_samples) -> None:
        """After each training step, with its samples."""
        if self._training:
            self._training.after_iter(data_samples)

    def of_training(self) -> Row:
        """What the training passes of the epoch tell; {} where that is nothing. Collective."""
        predicted = self._training.collect() if self._training else torch.empty(0)
        seen = predicted >= 0
        if not len(seen) or seen.double().mean() < self.SEEN:
            return {}
        return dict(memorised_by='training', **split_accuracy(predicted[seen], self.given[seen], self.clean[seen]))

    def will_be_known(self, epoch: int) -> bool:
        """Whether a method sweeps at the start of ``epoch``, from 0, with the weights that are evaluated."""
        return self._own_weights and self._sweep.expected(epoch)

    def ask(self) -> None:
        """Ask for the present weights' predictions; :meth:`answer` has them after the method's sweep."""
        self._request = self._sweep.ask(predicted_labels)

    def answer(self, runner) -> Row:
        """What was asked for, by a sweep of its own where no other took place; {} where nothing was. Collective."""
        request, self._request = self._request, None
        if request is None:
            return {}
        if request.result is not None:
            return dict(memorised_by='division', **self._split(request.result['prediction']))
        # Where the weights are others by now, nobody can tell any more.
        return self.by_sweep(runner) if request.version == self._sweep.version else {}

    def by_sweep(self, runner) -> Row:
        """Go over the training set with the weights that validation evaluates. Collective."""
        # Whether and when this happens must not matter to what is drawn in training.
        with torch.random.fork_rng(devices=[]):
            model, loader = evaluated_model(runner), self._sweep.loader(runner)
            prediction = sweep(model, loader, predicted_labels, context=precision(runner))['prediction']
        return dict(memorised_by='sweep', **self._split(prediction))

    def close(self) -> None:
        """At the end of the training."""
        if self._training:
            self._training.close()

    def _split(self, prediction: Tensor) -> Dict[str, float]:
        return split_accuracy(prediction, self.given, self.clean)


def split_accuracy(prediction: Tensor, given: Tensor, clean: Tensor) -> Dict[str, float]:
    """Accuracy on training labels, in percent.

    Args:
        prediction (Tensor): Predicted labels, (N,).
        given (Tensor): Observed ones, (N,).
        clean (Tensor): True ones, (N,).

    Returns:
        dict[str, float]: ``train_accuracy`` on the observed labels; ``train_accuracy_correctly_labelled``;
        ``train_memorised``, the share of the wrong labels that is predicted, and ``train_corrected``, that of the true ones
        of these. What there are no samples for is left out.
    """
    wrong, as_given = given != clean, prediction == given
    row = dict(train_accuracy=percent(as_given))
    if (~wrong).any():
        row['train_accuracy_correctly_labelled'] = percent(as_given[~wrong])
    if wrong.any():
        row['train_memorised'] = percent(as_given[wrong])
        row['train_corrected'] = percent((prediction == clean)[wrong])
    return row


def percent(correct: Union[Tensor, np.ndarray]) -> float:
    """Share of what is true in a mask, in percent."""
    return 100.0 * torch.as_tensor(correct).double().mean().item()
