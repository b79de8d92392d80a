# The features track where classes are of very different size: class 0 is 20 times as large as the last one, by the true
# labels, and 40 % of the labels are wrong. The methods that run under all noises of the suite `features`, with their
# defaults.
_base_ = './features.py'
name = 'features_longtail'
title = 'Features track, long-tailed: 6,800 photos, the classes 1 : 20'
note = """
As the features track, with photos left out: class k keeps 20 ** (-k / 9) of its 2,000, so that trucks are a twentieth of
the airplanes. Then 40 % of the labels are drawn anew from the other classes: of the labels 'truck' most are wrong. The test set
is balanced, so accuracy is balanced accuracy; the recall of the worst class says whether a method gives the small classes up.
"""
noises = dict(
    _delete_=True,
    sym40=dict(
        data='cifar10-20k-longtail20',
        label='clean_label',
        noise=dict(kind='symmetric', rate=0.4),
        options={
            'train_dataloader.dataset.long_tail': dict(ratio=20),
            'val_dataloader.dataset.long_tail': dict(ratio=20),
        },
    ),
)
methods = {
    '_delete_': True,
    **{
        name: method
        for name, method in _base_.methods.items()
        if 'noises' not in method and not name.endswith('_tuned')
    },
}
