"""What a process that trains one run after another keeps of the earlier ones."""

from mmengine.logging import MessageHub
from mmpretrain.visualization import UniversalVisualizer

from mmnoisy.run import forget_runs


def test_the_visualizer_of_an_earlier_run_of_the_same_name_is_forgotten(tmp_path):
    first = UniversalVisualizer.get_instance('run', save_dir=str(tmp_path / 'first'))
    hub = MessageHub.get_instance('run')
    assert UniversalVisualizer.get_instance('run') is first
    forget_runs()
    assert UniversalVisualizer.get_instance('run', save_dir=str(tmp_path / 'second')) is not first
    assert MessageHub.get_instance('run') is not hub
    forget_runs()
