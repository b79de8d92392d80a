# The first 10,000 photos of CIFAR-10 with the labels that people gave (see cifar10n.py), 10 % of them a noisy validation split,
# and every fifth test photo. For runs of a minute or so on a CPU. The training photos lie in two files of 25,000.
_base_ = './cifar10n.py'
source = dict(files=['train_a.npz', 'train_b.npz'], rows=[0, 10000])
train_dataloader = dict(num_workers=0, dataset=dict(source=source))
val_dataloader = dict(num_workers=0, dataset=dict(source=source))
test_dataloader = dict(num_workers=0, dataset=dict(rows=[0, 10000, 5]))
