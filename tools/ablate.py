"""Train the best combination of a search again with each part removed in turn."""

from mmnoisy.search.ablation import main

if __name__ == '__main__':
    raise SystemExit(main())
