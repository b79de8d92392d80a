from .csv_dataset import CSVDataset
from .digits import Digits
from .fashion_mnist import FashionMNIST
from .label_noise import LabelNoise

__all__ = ['CSVDataset', 'Digits', 'FashionMNIST', 'LabelNoise']
