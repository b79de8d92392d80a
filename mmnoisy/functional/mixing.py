"""Mixup and FMix: combinations of samples and of their targets. Pure functions."""

from typing import Union

import torch
from torch import Tensor


def draw_mix(size: int, alpha: float, device=None) -> tuple:
    """``lam`` in [0.5, 1], ``max(l, 1 - l)`` of ``l ~ Beta(alpha, alpha)``, and a permutation, (size,).

    ``max`` keeps a mixed sample nearer to its own position, so labelled samples stay in the labelled part.
    """
    # Drawn on the CPU, whatever the device: nobody waits for it.
    lam = torch.distributions.Beta(alpha, alpha, validate_args=False).sample().item()
    return max(lam, 1 - lam), torch.randperm(size, device=device)


def draw_fmix(size: int, height: int, width: int, alpha: float = 1.0, decay: float = 3.0, device=None) -> tuple:
    """``lam``, a mask of zeros and ones (height, width) whose mean is ``lam``, and a permutation (size,).

    `FMix: Enhancing Mixed Sample Data Augmentation <https://arxiv.org/abs/2002.12047>`_: the mask has the largest values of a
    random image in which a frequency f has the amplitude ``1 / f^decay``; ``lam ~ Beta(alpha, alpha)``, rounded to pixels.
    """
    # Drawn on the CPU, whatever the device: nobody waits for it.
    pixels = height * width
    count = round(torch.distributions.Beta(alpha, alpha, validate_args=False).sample().item() * pixels)
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width))
    spectrum = torch.randn(frequency.shape, dtype=torch.complex64)
    image = torch.fft.irfft2(spectrum / frequency.clamp_min(1 / max(height, width)) ** decay, s=(height, width))
    mask = torch.zeros(pixels)
    mask[image.flatten().topk(count).indices] = 1
    return count / pixels, mask.view(height, width).to(device), torch.randperm(size, device=device)


def mix(values: Tensor, lam: Union[float, Tensor], permutation: Tensor) -> Tensor:
    """``lam v_i + (1 - lam) v_perm(i)``, (B, ...); ``lam`` is a number, or a mask (H, W) of images (B, C, H, W)."""
    # Copies whole rows: an index in brackets takes many times as long.
    return lam * values + (1 - lam) * values.index_select(0, permutation)
