# Your own images listed in data_root/train.csv and data_root/test.csv: `path,label` with paths relative to data_root.
# A column `clean_label` (the true label) in train.csv is used for evaluation alone.
_base_ = './image-folder.py'
data_root = 'data/images'
source = dict(_delete_=True, type='mmnoisy.CSVDataset', data_root=data_root, ann_file='train.csv')
train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmnoisy.CSVDataset',
        data_root=data_root,
        ann_file='test.csv',
        classes='train.csv',
        test_mode=True,
        pipeline={{_base_.test_pipeline}},
    )
)
