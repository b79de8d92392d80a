"""Draw test scenes with the masks that runs of configs/segmentation predict: python tools/analysis_tools/picture_of_segmentation.py
OUT.png TITLE=WORK_DIR ..., each the folder of a finished run. The masks as given are those of training scenes, in the first rows.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS

import mmnoisy  # noqa: F401
from mmnoisy.engine.checkpoints import newest_complete

matplotlib.use('Agg')
import matplotlib.pyplot as plt  # noqa: E402

SCENES = 3


def predict(folder: Path, images: np.ndarray) -> np.ndarray:
    """Masks (N, H, W) that a run's last network predicts of images (N, H, W)."""
    cfg = Config.fromfile(next(folder.glob('*.py')))
    model = MODELS.build(dict(data_preprocessor=cfg.data_preprocessor, **cfg.model)).eval()
    path, _ = newest_complete(folder)
    model.load_state_dict(torch.load(path, map_location='cpu', weights_only=True)['state_dict'])
    inputs = model.data_preprocessor(dict(inputs=torch.from_numpy(images)[:, None]), False)['inputs']
    with torch.no_grad():
        return model(inputs, mode='tensor').argmax(1).numpy()


def main(out: str, *runs: str) -> None:
    """Three training scenes as given and as they are, and three test scenes with each run's masks."""
    named = {title: Path(folder) for title, folder in (run.split('=', 1) for run in runs)}
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(next(next(iter(named.values())).glob('*.py')))
    train, test = (DATASETS.build(cfg[f'{part}_dataloader'].dataset) for part in ('train', 'test'))
    infos = [test.get_data_info(i) for i in range(SCENES)]
    images = np.stack([info['img'] for info in infos])
    columns = {'test scene': images, 'true mask': np.stack([info['gt_mask'] for info in infos])}
    columns.update((title, predict(folder, images)) for title, folder in named.items())
    given = [train.get_data_info(i) for i in range(SCENES)]
    rows = [('training scene', 'img'), ('true mask', 'clean_mask'), ('given mask', 'gt_mask')]
    first = {title: np.stack([info[key] for info in given]) for title, key in rows}
    figure, axes = plt.subplots(
        2 * SCENES, len(columns), figsize=(1.6 * len(columns), 3.4 * SCENES), layout='constrained'
    )
    for axis in axes.flat:
        axis.axis('off')
    for block, content in ((0, first), (SCENES, columns)):
        for column, (title, values) in enumerate(content.items()):
            axes[block, column].set_title(title, fontsize=9)
            for row in range(SCENES):
                is_image = title.endswith('scene')
                look = dict(cmap='gray') if is_image else dict(cmap='tab10', vmin=0, vmax=9, interpolation='nearest')
                axes[block + row, column].imshow(values[row], **look)
    figure.savefig(out, dpi=80)


if __name__ == '__main__':
    main(*sys.argv[1:])
