"""A trained network without what only training needs: one of two, as a plain checkpoint and as ONNX."""

import json
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

from ..extraction import extract
from ..files import write_text
from .predict import class_names, load_model
from .run_folder import Run, find_run


class Exported(NamedTuple):
    """Files that were written.

    Args:
        checkpoint (Path, optional): Weights of one plain network; its config stands beside it as ``.py``. None for a
            linear classifier on frozen features.
        onnx (Path, optional): The network from RGB images to class probabilities.
        classes (list[str]): Names in the order of the probabilities.
    """

    checkpoint: Optional[Path]
    onnx: Optional[Path]
    classes: list


def export(run, out=None, *, onnx: bool = False, net: str = 'net1') -> Exported:
    """Write one network of a run.

    Args:
        run (str | Path): Folder of the run.
        out (str | Path, optional): Folder; ``<run>/export`` where None.
        onnx (bool): Also write ``model.onnx`` and ``model.json``: input ``image``, (B, 3, size, size) float32, RGB in
            0..255, resized and cropped as ``model.json`` says; output ``probability``, (B, K). Defaults to False.
        net (str): Which of two networks. Defaults to ``'net1'``.

    Raises:
        FileNotFoundError: No run.
        ImportError: ONNX's packages are missing.
    """
    if onnx:
        _check_packages()
    found = find_run(run)
    out = found.folder / 'export' if out is None else Path(out)
    out.mkdir(parents=True, exist_ok=True)
    frozen = bool(found.cfg.get('features'))
    checkpoint = None
    if not frozen or 'network' in found.cfg.model:
        checkpoint = out / 'model.pth'
        extract(
            str(found.config), str(found.checkpoint), str(checkpoint), net if 'network' in found.cfg.model else None
        )
    plain = plain_run(found, out)
    classes = class_names(found.cfg)
    if onnx:
        classes = _write_onnx(plain, out)
    return Exported(None if frozen else checkpoint, out / 'model.onnx' if onnx else None, classes)


def plain_run(run: Run, out: Path) -> Run:
    """The run with the network that was exported to ``out``; the run as it is where nothing had to be taken out of it."""
    from mmengine.config import Config

    from .run_folder import without_downloads

    checkpoint = Path(out) / 'model.pth'
    if not checkpoint.is_file():
        return run
    cfg = Config.fromfile(checkpoint.with_suffix('.py'))
    without_downloads(cfg.model)
    return run._replace(cfg=cfg, checkpoint=checkpoint)


def deployed(run: Run):
    """The network as one module: (B, 3, H, W) RGB in 0..255 -> (B, K) probabilities; and the names of its classes."""
    import torch
    from torch import nn

    model, classes = load_model(run, 'cpu')
    features = run.cfg.get('features')
    source = None
    if features:
        from ..models.backbones.pretrained import build_backbone

        source = build_backbone(features.backbone, features.weights or None).eval()
        mean, std = source.mean, source.std
    else:
        mean, std = (model.data_preprocessor.mean.flatten().tolist(), model.data_preprocessor.std.flatten().tolist())

    class Deployed(nn.Module):
        """Normalisation, network, probabilities."""

        def __init__(self):
            super().__init__()
            self.model, self.source = model, source
            self.register_buffer('mean', torch.tensor(mean).view(1, -1, 1, 1))
            self.register_buffer('std', torch.tensor(std).view(1, -1, 1, 1))

        def forward(self, image):
            image = (image - self.mean) / self.std
            if self.source is not None:
                image = self.source(image)[0][:, :, None, None]
            return model(image, mode='tensor').softmax(1)

    return Deployed().eval(), classes


def _write_onnx(run: Run, out: Path) -> list:
    import torch

    network, classes = deployed(run)
    pipeline = (run.cfg.get('val_dataloader') or run.cfg.test_dataloader).dataset.pipeline
    size = run.cfg.features.size if run.cfg.get('features') else _crop(pipeline)
    names: Dict[str, Any] = dict(input_names=['image'], output_names=['probability'])
    batch = torch.export.Dim('batch', min=1)
    torch.onnx.export(
        network,
        (torch.rand(2, 3, size, size) * 255,),
        str(out / 'model.onnx'),
        dynamo=True,
        external_data=False,
        dynamic_shapes=dict(image={0: batch}),
        verbose=False,
        **names,
    )
    middle = dict(type='middle square, scaled (PIL.ImageOps.fit, bicubic)', size=size)
    steps = [middle] if run.cfg.get('features') else [dict(step) for step in pipeline]
    about = dict(classes=classes, size=size, channels='RGB', range=[0, 255], pipeline=steps)
    write_text(out / 'model.json', json.dumps(about, indent=1, ensure_ascii=False, default=str) + '\n')
    return classes


def _crop(pipeline) -> int:
    found = [step['crop_size'] for step in pipeline if 'crop_size' in step]
    if not found:
        raise ValueError('The test pipeline has no CenterCrop: the size of the images is not known.')
    return found[-1] if isinstance(found[-1], int) else found[-1][0]


def _check_packages() -> None:
    from importlib.util import find_spec

    missing = [name for name in ('onnx', 'onnxscript') if find_spec(name) is None]
    if missing:
        raise ImportError(f'ONNX needs {" and ".join(missing)}: pip install "mmnoisy[onnx]".')
