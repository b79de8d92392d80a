_base_ = ['./default_runtime.py']

# Tested in every epoch, whatever that costs: the tables' oracle is the best of all epochs.
default_hooks = dict(summary=dict(interval=1))
