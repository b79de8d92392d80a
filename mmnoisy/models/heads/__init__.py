from .attention_feature_mixup_head import AttentionFeatureMixupHead
from .noise_adaptation_head import NoiseAdaptationHead

__all__ = ['AttentionFeatureMixupHead', 'NoiseAdaptationHead']
