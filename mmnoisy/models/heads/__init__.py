from .attention_feature_mixup_head import AttentionFeatureMixupHead
from .noise_adaptation_head import NoiseAdaptationHead
from .pixel_head import PixelHead

__all__ = ['AttentionFeatureMixupHead', 'NoiseAdaptationHead', 'PixelHead']
