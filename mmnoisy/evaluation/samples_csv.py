"""Moved to :mod:`mmnoisy.datasets.samples_file`."""

from ..datasets.samples_file import dataset_checksum, given_labels, source_indices, write_rows, write_samples_csv

__all__ = ['dataset_checksum', 'given_labels', 'source_indices', 'write_rows', 'write_samples_csv']
