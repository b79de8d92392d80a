"""Run a suite of methods x noises x seeds (configs/suites/), or make its tables (`collect`)."""

from mmnoisy.benchmark.command import main

if __name__ == '__main__':
    raise SystemExit(main())
