"""The samples of a batch as columns; one DataSample each is made when somebody asks for it."""

from typing import Any, Dict, Iterator, List, Optional, Sequence

import torch
from mmpretrain.structures import DataSample
from torch import Tensor


class SampleBatch:
    """B samples that read as a list of DataSamples and are none as long as nobody looks at one.

    To make, stamp and read a DataSample for each image costs more than a step of a small network. What the package does
    with samples goes by columns (:mod:`mmnoisy.stamps`). The first look at a sample, such as that of an upstream head,
    makes all of them with what the columns hold. From then on they are what counts: :attr:`columns` is None, and
    what is changed on a sample stays.

    It is no ``Sequence`` on purpose: torch and mmengine rebuild those, sample by sample, to pin or to move them.

    Args:
        fields (dict): Data fields by name, B values each: a tensor (B, ...), whose rows the samples get, or a list.
        metainfo (dict): Metainfo in the same way; of a tensor (B,) the samples get plain numbers.
    """

    def __init__(self, fields: Dict[str, Any], metainfo: Dict[str, Any]):
        self._fields: Dict[str, Any] = dict(fields)
        self._metainfo: Dict[str, Any] = dict(metainfo)
        self._samples: Optional[List[DataSample]] = None
        self._size = len(next(iter((*fields.values(), *metainfo.values()))))

    @property
    def columns(self) -> Optional[Dict[str, Any]]:
        """Data fields and metainfo by name; None once there are samples."""
        return None if self._samples is not None else {**self._metainfo, **self._fields}

    def get(self, name: str) -> Any:
        """A column, None where there is none. Only as long as there are no samples."""
        return self._fields.get(name, self._metainfo.get(name))

    def set(self, name: str, values: Any) -> None:
        """Write the data field of all samples: a tensor (B, ...) or a list. Only as long as there are no samples."""
        self._fields[name] = values

    def set_metainfo(self, name: str, values: Sequence) -> None:
        """Write the metainfo of all samples. Only as long as there are no samples."""
        self._metainfo[name] = values

    @property
    def samples(self) -> List[DataSample]:
        """The samples themselves; made at the first look."""
        if self._samples is None:
            self._samples = self._make()
            self._fields, self._metainfo = {}, {}
        return self._samples

    def select(self, index: Tensor) -> 'SampleBatch':
        """The columns of those rows, (M,). Only as long as there are no samples."""
        parts = [
            {name: column[index] if torch.is_tensor(column) else [column[i] for i in index.tolist()]
             for name, column in part.items()}
            for part in (self._fields, self._metainfo)
        ]  # fmt: skip
        return SampleBatch(*parts)

    def pin_memory(self) -> 'SampleBatch':
        """As torch's loader wants it of a type of one's own."""
        self._fields = {
            name: values.pin_memory() if torch.is_tensor(values) else values for name, values in self._fields.items()
        }
        return self

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index):
        return self.samples[index]

    def __iter__(self) -> Iterator[DataSample]:
        return iter(self.samples)

    def _make(self) -> List[DataSample]:
        names = [*self._fields, *self._metainfo]
        columns = [values.unbind() if torch.is_tensor(values) else values for values in self._fields.values()]
        columns += [values.tolist() if torch.is_tensor(values) else values for values in self._metainfo.values()]
        fields, metainfo = set(self._fields), set(self._metainfo)
        samples = []
        for row in zip(*columns):
            sample = DataSample.__new__(DataSample)
            # What set_field comes to, at a tenth of its time.
            sample.__dict__.update(zip(names, row), _data_fields=set(fields), _metainfo_fields=set(metainfo))
            samples.append(sample)
        return samples


def unlisted(samples) -> Optional[SampleBatch]:
    """The batch, where its samples are still columns; None where there is a DataSample for each."""
    return samples if isinstance(samples, SampleBatch) and samples._samples is None else None


def label_column(labels: Tensor) -> Tensor:
    """Labels (B,) as a column whose rows are upstream's labels of single samples, (1,): (B, 1)."""
    return labels.unsqueeze(1)
