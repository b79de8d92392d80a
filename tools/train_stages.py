"""The same as train.py, which runs recipes of several stages, too."""

from mmnoisy.stages import main

if __name__ == '__main__':
    main()
