import torch
from torch import Tensor


class CachedView:
    """One of the views that a feature bank keeps of each image, for each image its own draw.

    Args:
        cached (str | int): ``'random'``, or the number of the view for all; 0 is the plain image.

    Raises:
        ValueError: Something else.
    """

    def __init__(self, cached='random'):
        if cached != 'random' and not (type(cached) is int and cached >= 0):
            raise ValueError(f"view: cached must be 'random' or the number of a view, not {cached!r}.")
        self.cached = cached

    def __call__(self, features: Tensor) -> Tensor:
        """Features in V views (B, D, V, 1) -> one of each (B, D, 1, 1).

        Raises:
            ValueError: There is no such view.
        """
        size, _, views, _ = features.shape
        if self.cached == 'random':
            chosen = torch.randint(0, views, (size,), device=features.device)
            return features[torch.arange(size, device=features.device), :, chosen, :, None]
        if self.cached >= views:
            raise ValueError(f'view: cached={self.cached}, but the data set gives {views}; set its option `views`.')
        return features[:, :, self.cached, :, None]
