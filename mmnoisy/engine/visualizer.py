from typing import Any

from mmpretrain.visualization import UniversalVisualizer

from ..registry import VISUALIZERS

_FIGURE = ('fig_save_canvas', 'fig_save', 'ax_save')


class _NoFigure:
    """Stands for the figure while upstream's constructor wants one."""

    def get_dpi(self) -> None:
        return None


@VISUALIZERS.register_module()
class RunVisualizer(UniversalVisualizer):
    """mmpretrain's visualizer, which imports matplotlib and makes its figure when something is first drawn.

    A run that draws no images, which is most, saves a second of its start.

    Args:
        name (str): Defaults to ``'visualizer'``.
        image (np.ndarray, optional): As in :class:`mmengine.visualization.Visualizer`.
        **kwargs: See there.
    """

    def __init__(self, name: str = 'visualizer', image=None, **kwargs):
        super().__init__(name, **kwargs)
        for attribute in (*_FIGURE, 'dpi'):
            del self.__dict__[attribute]
        if image is not None:
            self.set_image(image)

    def __getattr__(self, name: str) -> Any:
        # Only called for what is not there.
        if name not in (*_FIGURE, 'dpi'):
            raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')
        figure = super()._initialize_fig(self.fig_save_cfg)
        self.__dict__.update(zip(_FIGURE, figure), dpi=figure[1].get_dpi())
        return self.__dict__[name]

    def _initialize_fig(self, fig_cfg) -> tuple:
        return None, _NoFigure(), None
