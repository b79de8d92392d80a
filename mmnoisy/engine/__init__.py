from .feature_bank import build_feature_bank  # noqa: F401
from .hooks import *  # noqa: F401, F403
from .inverse_time_lr import InverseTimeLR  # noqa: F401
from .sample_record import Column, SampleRecordHook  # noqa: F401
from .visualizer import RunVisualizer  # noqa: F401
