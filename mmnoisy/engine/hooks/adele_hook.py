from functools import partial
from typing import Dict, List, Optional, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import Resize
from mmengine.dist import all_reduce, broadcast
from mmengine.hooks import Hook
from mmpretrain.datasets import LoadImageFromFile, PackInputs
from torch import Tensor

from ...datasets.label_file import checksum
from ...datasets.load_image import LoadImage
from ...functional.memorisation import is_memorising
from ...functional.pixel_scores import confusion, iou_of
from ...registry import HOOKS
from ...stamps import observed_masks, sample_indices, write_masks
from ..model_parts import unwrap
from ..preflight import epochs_are_counted
from ..sweep import sweep, sweep_loader

#: Transforms after which a pixel lies where the mask has it.
_KEEP_PLACES = (LoadImage, LoadImageFromFile, Resize, PackInputs)


def averaged_prediction(model, inputs: Tensor, data_samples: list, scales: Sequence[float]) -> Dict[str, Tensor]:
    """A sweep's measure: ``confidence`` (B, H, W) and ``prediction`` (B, H, W) of the mean over scales of the image."""
    size, probabilities = inputs.shape[2:], []
    for scale in scales:
        scaled = [max(1, round(side * scale)) for side in size]
        views = inputs if scale == 1 else F.interpolate(inputs, size=scaled, mode='bilinear', align_corners=False)
        logits = model(views, mode='tensor').float()
        probabilities.append(F.interpolate(logits, size=size, mode='bilinear', align_corners=False).softmax(1))
    confidence, prediction = torch.stack(probabilities).mean(0).max(1)
    return dict(confidence=confidence, prediction=prediction)


def corrected(
    given: Tensor, prediction: Tensor, confidence: Tensor, classes: Tensor, background: int, least: float
) -> Tensor:
    """Masks in which pixels of some classes have got the class that is predicted.

    As in the official code a pixel changes only from one of these classes into another: else a class that is found early
    would lose pixels to those that are not corrected yet and never get one back. What no pixel of an image is given as is not put
    into it, but for the background.

    Args:
        given (Tensor): (N, H, W), integers; what is no class stays as it is.
        prediction (Tensor): (N, H, W) int64, a class.
        confidence (Tensor): (N, H, W), of the prediction.
        classes (Tensor): Which classes are corrected, (K,) bool.
        background (int): Class that every image has.
        least (float): Only pixels with a higher confidence change.

    Returns:
        Tensor: (N, H, W), the type of ``given``.
    """
    present = torch.stack([(given == k).flatten(1).any(1) for k in range(len(classes))], dim=1)
    present[:, background] = True
    into = (present & classes).gather(1, prediction.flatten(1)).view_as(given)
    change = (given < len(classes)) & classes[given.long().clamp_max(len(classes) - 1)] & into & (confidence > least)
    return torch.where(change, prediction.to(given), given)


@HOOKS.register_module()
class ADELEHook(Hook):
    """Finds, for each class on its own, when wrong pixels begin to be learnt by heart, and corrects the class then.

    `Adaptive Early-Learning Correction for Segmentation from Noisy Annotations <https://arxiv.org/abs/2110.03740>`_ (ADELE).
    In each epoch the IoU of every class between the predictions in training and the given masks is taken; a curve is fitted
    to its course (:func:`mmnoisy.functional.memorisation.is_memorising`). Once a class's curve has flattened, the training set
    is swept: pixels that are given as a class that was found, or as the background, get the one of these classes that the mean
    prediction over ``scales`` of the image is surer of than ``confidence`` (:func:`corrected`). The corrected masks are stamped
    onto the samples of all later epochs. The background is corrected as soon as any other class is.

    A network that has not learnt the wrong labels yet is as sure as the labels are right: where 40 % of the objects of a class are
    wrong it gives 0.6 to the right class, and a higher ``confidence`` corrects next to nothing. The sweep is in evaluation mode:
    early in training the running statistics of batch normalisation lag behind the weights, which mmpretrain's
    ``PreciseBNHook`` mends.

    Deviations: the loss that asks for equal predictions at all scales is left out; the IoU is that of the training passes of an
    epoch, not of a pass of its own.

    The masks are kept in memory and in checkpoints, a byte a pixel.

    Args:
        change (float): r, in (0, 1): the fall of the slope from which on a class counts as memorised. Defaults to 0.9.
        confidence (float): tau, in [0, 1). Defaults to 0.8, the paper's.
        again (bool): Correct the classes that were found in each later epoch anew, from the given masks, as the network
            improves; where False, only when a further class is found. Defaults to False.
        scales (Sequence[float]): Of the image, for the mean prediction. Defaults to (0.7, 1.0, 1.5), the paper's.

    Raises:
        ValueError: An option out of range; before training: an iteration-based loop, a data set without masks, a pipeline that
            moves pixels, a model without one pixel head, or a checkpoint of other masks.
    """

    # Stamps before the model sees the batch; its record is saved by CheckpointHook (VERY_LOW).
    priority = 'BELOW_NORMAL'

    def __init__(
        self,
        change: float = 0.9,
        confidence: float = 0.8,
        again: bool = False,
        scales: Sequence[float] = (0.7, 1.0, 1.5),
    ):
        if not (0 < change < 1 and 0 <= confidence < 1 and len(scales) and min(scales) > 0):
            raise ValueError(
                'ADELEHook: change must be in (0, 1), confidence in [0, 1) and scales above 0, not '
                f'{change}, {confidence} and {scales}.'
            )
        self.change, self.confidence, self.again, self.scales = change, confidence, again, tuple(scales)
        #: IoU of each class with its given labels by epoch, (T, K); the epoch in which each was found, (K,), -1 if not yet.
        self.history = np.zeros((0, 0))
        self.corrected_in = np.zeros(0, dtype=np.int64)
        self.masks: Optional[Tensor] = None
        self._logits: Optional[Tensor] = None
        self._passes = 0
        self._stashed: Optional[dict] = None

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook."""
        problems = epochs_are_counted('ADELEHook', runner)
        dataset, head = runner.train_dataloader.dataset, getattr(unwrap(runner.model), 'head', None)
        if not hasattr(dataset, 'gt_masks'):
            return [*problems, f'ADELEHook needs masks: a mmnoisy.MaskNoise, not a {type(dataset).__name__}.']
        moved = [type(t).__name__ for t in dataset.pipeline.transforms if type(t) not in _KEEP_PLACES]
        if moved:
            problems.append(
                f'ADELEHook corrects pixels by their place, which {", ".join(moved)} of the training pipeline may change: '
                f'leave only {", ".join(kind.__name__ for kind in _KEEP_PLACES)}.'
            )
        if not hasattr(head, 'num_classes') or not hasattr(head, 'conv'):
            problems.append('ADELEHook needs one network with a mmnoisy.PixelHead.')
        return problems

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        self._stashed = checkpoint.get('adele')

    def before_train(self, runner) -> None:
        dataset, head = runner.train_dataloader.dataset, unwrap(runner.model).head
        self._checksum = checksum(dataset.gt_masks.ravel())
        self.num_classes, self._given = head.num_classes, torch.as_tensor(dataset.gt_masks)
        self._background = dataset.background
        self.history = np.zeros((0, self.num_classes))
        self.corrected_in = np.full(self.num_classes, -1)
        self.masks = self._given.clone()
        if runner._resume:
            self._restore(self._stashed)
        self._stashed = None
        self._loader = sweep_loader(runner)
        self._handle = head.register_forward_hook(self._catch)

    def before_train_epoch(self, runner) -> None:
        # The loop may have been broken off in an epoch.
        self._counts = np.zeros((self.num_classes, self.num_classes), dtype=np.int64)
        due = self._due(next(runner.model.parameters()).device)
        due[self._background] = due.any() and self.corrected_in[self._background] < 0
        self.corrected_in[due] = runner.epoch
        found = self.corrected_in >= 0
        if due.any() or (self.again and found.any()):
            self._correct(runner, found)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._passes = 0
        samples = data_batch['data_samples']
        if (self.corrected_in >= 0).any():
            write_masks(samples, self.masks[sample_indices(samples)])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self._passes != 1:
            raise RuntimeError(f'ADELEHook needs one forward pass of the head an iteration, not {self._passes}.')
        predicted = self._logits.argmax(1).cpu().numpy()
        given = observed_masks(data_batch['data_samples']).numpy()
        self._counts += confusion(given, predicted, self.num_classes)

    def after_train_epoch(self, runner) -> None:
        counts = torch.from_numpy(self._counts).to(next(runner.model.parameters()).device)
        all_reduce(counts)
        iou = np.nan_to_num(iou_of(counts.cpu().numpy())[0])
        self.history = np.concatenate([self.history, iou[None]])
        names = runner.train_dataloader.dataset.metainfo['classes']
        runner.visualizer.add_scalars(
            {f'adele/iou_{name}': value for name, value in zip(names, iou.tolist())}, step=runner.epoch + 1
        )

    def after_train(self, runner) -> None:
        self._handle.remove()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint['adele'] = dict(
            history=torch.from_numpy(self.history),
            corrected_in=torch.from_numpy(self.corrected_in),
            masks=self.masks,
            labels=self._checksum,
        )

    def _due(self, device) -> np.ndarray:
        """Classes that are memorised and not corrected yet, (K,) bool; fitted on rank 0."""
        found = [
            bool(k != self._background and self.corrected_in[k] < 0) and is_memorising(self.history[:, k], self.change)
            for k in range(self.num_classes)
        ]
        due = torch.tensor(found, dtype=torch.uint8, device=device)
        broadcast(due)
        return due.cpu().numpy().astype(bool)

    def _correct(self, runner, classes: np.ndarray) -> None:
        """Sweep, and correct the pixels of ``classes`` (K,). Collective."""
        found = sweep(runner.model, self._loader, partial(averaged_prediction, scales=self.scales))
        self.masks = corrected(
            self._given,
            found['prediction'],
            found['confidence'],
            torch.from_numpy(classes),
            self._background,
            self.confidence,
        )
        changed = (self.masks != self._given).double().mean().item()
        names = runner.train_dataloader.dataset.metainfo['classes']
        runner.visualizer.add_scalars({'adele/changed': changed}, step=runner.epoch + 1)
        runner.logger.info(
            f'ADELEHook: epoch {runner.epoch + 1}: corrected the classes {", ".join(str(names[k]) for k in classes.nonzero()[0])}; '
            f'{changed:.4f} of all pixels are changed.'
        )

    def _restore(self, saved: Optional[dict]) -> None:
        if saved is None or saved['labels'] != self._checksum:
            raise ValueError(
                'ADELEHook: the checkpoint to resume was trained without it, or with other masks. Resume with the same noise, '
                'seed and split, or start anew.'
            )
        self.history, self.corrected_in = saved['history'].cpu().numpy(), saved['corrected_in'].cpu().numpy()
        self.masks = saved['masks'].cpu()

    def _catch(self, head, inputs, logits) -> None:
        """Forward hook of the head."""
        if head.training:
            self._logits, self._passes = logits.detach(), self._passes + 1
