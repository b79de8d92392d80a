"""Train ce, gce, sce and mae on digits of which 40 % have a wrong label; print a table and plot the curves."""

from mmnoisy.demo import main

if __name__ == '__main__':
    main()
