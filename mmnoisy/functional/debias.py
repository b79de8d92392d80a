"""What a network leans to is taken into account: a class that it predicts often has to win by more (pure functions)."""

from torch import Tensor


def debiased_logits(logits: Tensor, prior: Tensor, strength: float) -> Tensor:
    """``z_k + strength * log(prior_k)``, (..., K) and (K,), or a prior that broadcasts.

    A positive strength (logit adjustment, for a loss) makes a network win the classes that it leans to by more; a negative one
    takes the leaning out of its predictions.
    """
    return logits + strength * prior.clamp_min(1e-12).log()
