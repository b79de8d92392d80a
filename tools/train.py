"""Train a model on noisy labels from a config: one run, or all stages of a recipe."""

from mmnoisy.failures import run_tool
from mmnoisy.stages import main

if __name__ == '__main__':
    run_tool(main)
