"""What a network leans to is taken into account: a class that it predicts often has to win by more (pure functions)."""

from torch import Tensor


def debiased_prediction(probabilities: Tensor) -> Tensor:
    """``argmax_k p_k(x) / p'_k`` with p' the mean prediction of all samples, (N, K) -> (N,) int64.

    Where a network leans to some classes, their labels would otherwise be believed too often and those of the other classes
    too seldom.
    """
    return (probabilities / probabilities.mean(0).clamp_min(1e-12)).argmax(1)


def debiased_logits(logits: Tensor, prior: Tensor, strength: float) -> Tensor:
    """``z_k + strength * log(prior_k)``, (..., K) and (K,), or a prior that broadcasts.

    A positive strength (logit adjustment, for a loss) makes a network win the classes that it leans to by more; a negative one
    takes the leaning out of its predictions.
    """
    return logits + strength * prior.clamp_min(1e-12).log()
