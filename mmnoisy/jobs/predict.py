"""Predictions of a trained run for image files."""

import csv
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..files import replace_file
from .run_folder import Run, find_run


class Predictions(NamedTuple):
    """Predictions for N readable images.

    Args:
        paths (list[str]): (N,) files.
        labels (list[str]): (N,) names of the predicted classes.
        scores (np.ndarray): (N,) their probabilities.
        probabilities (np.ndarray): (N, K).
        classes (list[str]): K names.
        unreadable (dict[str, str]): Why, by file.
    """

    paths: List[str]
    labels: List[str]
    scores: np.ndarray
    probabilities: np.ndarray
    classes: List[str]
    unreadable: Dict[str, str]


def predict(
    run, images: Union[str, Path, Sequence], out=None, *, batch_size: int = 64, device: Optional[str] = None
) -> Predictions:
    """Predict the classes of images.

    Args:
        run (str | Path): Folder of a run; of ``--method auto``, its winner predicts.
        images (str | Path | Sequence[str | Path]): Files, or folders of which all images are taken.
        out (str | Path, optional): A csv with the columns ``path, label, score``. Unreadable files stand in it with an
            empty label.
        batch_size (int): Images at a time. Defaults to 64.
        device (str, optional): A GPU where there is one, if None.

    Raises:
        FileNotFoundError: No run, no such image, or none in a folder.
    """
    found = find_run(run)
    paths = find_images(images)
    judge = _by_features if found.cfg.get('features') else _by_images
    probabilities, errors, classes = judge(found, paths, batch_size, device)
    good = [path for path in paths if path not in errors]
    best = probabilities.argmax(1)
    result = Predictions(
        good, [classes[k] for k in best], probabilities.max(1, initial=0), probabilities, classes, errors
    )
    if out is not None:
        write_predictions(result, paths, out)
    return result


def find_images(images: Union[str, Path, Sequence]) -> List[str]:
    """Files, those of folders sorted, each once.

    Raises:
        FileNotFoundError: No such file, or a folder without images.
    """
    from ..datasets.listed_files import SUFFIXES

    found = {}
    for item in [images] if isinstance(images, (str, Path)) else images:
        path = Path(item)
        if path.is_dir():
            inside = sorted(
                str(file) for file in path.rglob('*') if file.name.lower().endswith(SUFFIXES) and file.is_file()
            )
            inside = [file for file in inside if not any(p.startswith('.') for p in Path(file).relative_to(path).parts)]
            if not inside:
                raise FileNotFoundError(f'{path} has no images ({" ".join(SUFFIXES)}).')
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[str(path)] = None
        else:
            raise FileNotFoundError(f'There is no image {path}.')
    return list(found)


def write_predictions(result: Predictions, paths: Sequence[str], out) -> None:
    """Write ``path, label, score`` in the order of ``paths``; the file is replaced whole."""
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    known = {path: (label, f'{score:.6g}') for path, label, score in zip(result.paths, result.labels, result.scores)}
    with replace_file(out, newline='', encoding='utf-8', errors='surrogateescape') as file:
        writer = csv.writer(file)
        writer.writerow(('path', 'label', 'score'))
        writer.writerows((path, *known.get(path, ('', ''))) for path in paths)


def load_model(run: Run, device: Optional[str] = None):
    """The trained network in evaluation mode, and the names of its classes."""
    import torch
    from mmpretrain import get_model

    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    model = get_model(run.cfg, pretrained=str(run.checkpoint), device=device).eval()
    meta = getattr(model, '_dataset_meta', None) or getattr(model, 'dataset_meta', None) or {}
    classes = meta.get('classes') or class_names(run.cfg)
    return model, [str(name) for name in classes]


def class_names(cfg) -> List[str]:
    """Names of the classes from the config of the training set."""
    dataset = cfg.train_dataloader.dataset
    return list(dataset.get('source', dataset).get('classes') or ())


def inference_pipeline(cfg):
    """The transforms of validation, as one callable."""
    from mmengine.dataset import Compose
    from mmengine.registry import init_default_scope

    init_default_scope('mmpretrain')
    import mmpretrain.datasets  # noqa: F401  (registers the transforms)

    return Compose((cfg.get('val_dataloader') or cfg.test_dataloader).dataset.pipeline)


def _by_images(run: Run, paths: List[str], batch_size: int, device) -> Tuple[np.ndarray, Dict[str, str], List[str]]:
    import torch
    from mmengine.dataset import pseudo_collate

    model, classes = load_model(run, device)
    pipeline = inference_pipeline(run.cfg)
    errors, found = {}, [np.zeros((0, len(classes)))]
    for start in range(0, len(paths), batch_size):
        batch = []
        for path in paths[start : start + batch_size]:
            try:
                batch.append(pipeline(dict(img_path=path, gt_label=0)))
            except (ValueError, OSError, MemoryError) as error:
                errors[path] = str(error).removeprefix(f'{path}: ') or type(error).__name__
        if batch:
            with torch.inference_mode():
                samples = model.test_step(pseudo_collate(batch))
            found.append(torch.stack([sample.pred_score for sample in samples]).cpu().numpy())
    return np.concatenate(found), errors, classes


def _by_features(run: Run, paths: List[str], batch_size: int, device) -> Tuple[np.ndarray, Dict[str, str], List[str]]:
    """A linear classifier on frozen features: the features come first."""
    import torch

    from ..engine.feature_bank import build_feature_bank

    model, classes = load_model(run, device)
    device = next(model.parameters()).device
    found = [np.zeros((0, len(classes)))]
    with tempfile.TemporaryDirectory() as folder:
        bank = build_feature_bank(paths, folder, batch_size=batch_size, **run.cfg.features)
        features = torch.from_numpy(np.asarray(bank.features[0][bank.readable], dtype=np.float32))
        errors = dict(bank.errors)
        del bank
    for part in features.split(4096) if len(features) else ():
        with torch.inference_mode():
            samples = model.predict(part[:, :, None, None].to(device))
        found.append(torch.stack([sample.pred_score for sample in samples]).cpu().numpy())
    return np.concatenate(found), errors, classes
