"""Search for the best combination of parts by noisy validation (configs/spaces/)."""

from mmnoisy.search.command import main

if __name__ == '__main__':
    raise SystemExit(main())
