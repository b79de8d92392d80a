from .animal10n import Animal10N
from .batched_fetch import collate_batch
from .clothing1m import Clothing1M
from .csv_dataset import CSVDataset
from .digits import Digits
from .fashion_mnist import FashionMNIST
from .feature_bank import FeatureBank
from .image_array import ImageArray
from .image_folder import ImageFolder
from .label_noise import LabelNoise
from .load_image import LoadImage
from .mini_webvision import MiniWebVision
from .packed_images import PackedImages
from .stream_sampler import StreamSampler

__all__ = [
    'Animal10N',
    'CSVDataset',
    'Clothing1M',
    'Digits',
    'FashionMNIST',
    'ImageArray',
    'ImageFolder',
    'FeatureBank',
    'LabelNoise',
    'LoadImage',
    'MiniWebVision',
    'PackedImages',
    'StreamSampler',
    'collate_batch',
]
