"""Write one network of a two-network checkpoint as a plain ImageClassifier."""

from mmnoisy.extraction import main

if __name__ == '__main__':
    main()
