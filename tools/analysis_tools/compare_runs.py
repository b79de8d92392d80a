"""One table and one plot of several finished or running runs."""

from mmnoisy.evaluation.comparison import main

if __name__ == '__main__':
    main()
