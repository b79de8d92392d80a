"""Measures for :func:`mmnoisy.engine.sweep.sweep`: (model, inputs (B, C, H, W), data_samples) to ``{name: (B, ...)}``."""

from typing import Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from ..functional.margins import margins
from ..functional.prototypes import class_similarities
from ..models.classifiers.two_networks import TwoNetworks
from ..stamps import observed_labels, predicted_classes, predicted_scores
from .one_pass import OnePass, predicts_by_softmax


def mean_probabilities(model, inputs: Tensor) -> Tensor:
    """Mean of both networks' probabilities, (B, K)."""
    logits = model.logits(inputs)
    return (logits['net1'].float().softmax(1) + logits['net2'].float().softmax(1)) / 2


def own_probability(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure: ``own``, the probability of the given ``label``, and K as ``num_classes``, (B,) each."""
    probabilities = mean_probabilities(model, inputs)
    label = observed_labels(data_samples, inputs.device)
    own = probabilities.gather(1, label[:, None]).flatten()
    return dict(own=own, label=label, num_classes=torch.full_like(label, probabilities.size(1)))


def pooled(features) -> Tensor:
    """What ``extract_feat`` gives as (B, C): its last output, averaged over places where that is a map."""
    features = features[-1] if isinstance(features, (tuple, list)) else features
    return features.flatten(2).mean(2) if features.ndim > 2 else features


def own_and_predicted(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure: ``own``, the probability of the observed label, and ``predicted``, the class, (B,) each."""
    probabilities = model(inputs, mode='tensor').float().softmax(1)
    label = observed_labels(data_samples, inputs.device)
    return dict(own=probabilities.gather(1, label[:, None]).flatten(), predicted=probabilities.argmax(1))


def image_features(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure: ``features`` (B, C)."""
    return dict(features=pooled(model.extract_feat(inputs)))


def features_and_confidence(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure: ``features`` (B, C), and ``confidence`` (B,) and ``prediction`` (B,) of the classifier."""
    features = model.extract_feat(inputs)
    confidence, prediction = model.head(features).float().softmax(1).max(1)
    return dict(features=pooled(features), confidence=confidence, prediction=prediction)


def cross_entropies(model, inputs: Tensor, data_samples: list, networks=None) -> Dict[str, Tensor]:
    """A sweep's measure: cross entropy with the observed labels, ``loss`` (B, networks).

    ``networks`` names those of a model of two; None for a model that is one network.
    """
    label = observed_labels(data_samples, inputs.device)
    logits = [model(inputs, mode='tensor')] if networks is None else [model.logits(inputs)[name] for name in networks]
    return dict(loss=torch.stack([F.cross_entropy(z.float(), label, reduction='none') for z in logits], dim=1))


def losses_and_prediction(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure of a model of two networks: ``loss`` (B, 2), each one's, and ``prediction`` (B,) of both together."""
    found = cross_entropies(model, inputs, data_samples, ('net1', 'net2'))
    return dict(found, prediction=model.logits(inputs)['ensemble'].argmax(1))


def corrected_labels(model, inputs: Tensor, data_samples: list, vectors: Tensor) -> Dict[str, Tensor]:
    """A sweep's measure: ``corrected`` (B,), the class whose prototypes are most alike, and ``margin`` (B,).

    The margin is the mean cosine to the prototypes of the given class minus the largest one of another class, in
    [-2, 2].
    """
    similarity = class_similarities(image_features(model, inputs, data_samples)['features'], vectors)
    labels = observed_labels(data_samples, similarity.device)
    return dict(corrected=similarity.argmax(1), margin=margins(similarity, labels).clamp(-2, 2))


def noisy_posteriors(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure: ``posterior`` (B, K), the prediction, and ``label`` (B,), the observed label."""
    label = observed_labels(data_samples, inputs.device)
    if predicts_by_softmax(network_of(model)):
        return dict(posterior=model(inputs, mode='tensor').softmax(1), label=label)
    results = model(inputs, data_samples, mode='predict')
    return dict(posterior=predicted_scores(results), label=label)


def predicted_labels(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure: ``prediction`` (B,), the class that the model predicts, and ``label`` (B,).

    Each further ``pred_label_<name>`` of a model of several networks gives a ``prediction_<name>`` (B,).
    """
    network, label = network_of(model), observed_labels(data_samples, inputs.device)
    if predicts_by_softmax(network):
        # Of the probabilities, as the model's own prediction: two logits may differ where those do not.
        return dict(label=label, prediction=model(inputs, mode='tensor').softmax(1).argmax(1))
    if isinstance(network, TwoNetworks) and type(network).predict is TwoNetworks.predict:
        found = {name: logits.argmax(1) for name, logits in model.logits(inputs).items()}
        own = found[network.predict_with]
        return dict(label=label, prediction=own, **{f'prediction_{name}': value for name, value in found.items()})
    results = model(inputs, data_samples, mode='predict')
    found = {key.replace('pred_label', 'prediction'): value for key, value in predicted_classes(results).items()}
    return dict(label=label, **found)


def network_of(model):
    """The network that a measure was called with, without what shares its passes."""
    return model.network if isinstance(model, OnePass) else model
