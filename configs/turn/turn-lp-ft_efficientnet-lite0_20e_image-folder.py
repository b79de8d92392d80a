# LP-FT: the probe gives the classifier, no label is judged.
_base_ = './turn_efficientnet-lite0_20e_image-folder.py'
stages = _base_.stages
stages[0]['options']['custom_hooks'] = []
stages[1]['options'] = {'load_from': '{probe:weights}'}
