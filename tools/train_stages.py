"""The same as train.py, which runs recipes of several stages, too."""

from mmnoisy.failures import run_tool
from mmnoisy.stages import main

if __name__ == '__main__':
    run_tool(main)
