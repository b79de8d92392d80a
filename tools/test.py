"""Evaluate a checkpoint on a config's test set."""

from mmnoisy.failures import run_tool
from mmnoisy.testing import main

if __name__ == '__main__':
    run_tool(main)
