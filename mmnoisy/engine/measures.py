"""Measures for :func:`mmnoisy.engine.sweep.sweep`: (model, inputs (B, C, H, W), data_samples) to ``{name: (B, ...)}``."""

from typing import Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from ..functional.margins import margins
from ..functional.prototypes import class_similarities
from ..stamps import observed_labels, predicted_classes, predicted_scores


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
    results = model(inputs, data_samples, mode='predict')
    return dict(posterior=predicted_scores(results), label=observed_labels(results, inputs.device))


def predicted_labels(model, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
    """A sweep's measure: ``prediction`` (B,), the class that the model predicts, and ``label`` (B,).

    Each further ``pred_label_<name>`` of a model of several networks gives a ``prediction_<name>`` (B,).
    """
    results = model(inputs, data_samples, mode='predict')
    found = dict(label=observed_labels(results, inputs.device))
    for name, labels in predicted_classes(results).items():
        found[name.replace('pred_label', 'prediction')] = labels
    return found
