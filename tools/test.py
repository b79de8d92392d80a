"""Evaluate a checkpoint on a config's test set."""

from mmnoisy.testing import main

if __name__ == '__main__':
    main()
