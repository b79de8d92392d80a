from .hooks import *  # noqa: F401, F403
from .sample_record import Column, SampleRecordHook  # noqa: F401
