# The first 5,000 images of Fashion-MNIST, 10 % of them a noisy validation split, and the first 2,000 test images. For runs of
# half a minute on a CPU.
_base_ = './fashion-mnist.py'
train_dataloader = dict(batch_size=64, num_workers=0, dataset=dict(source=dict(indices=5000)))
val_dataloader = dict(num_workers=0, dataset=dict(source=dict(indices=5000)))
test_dataloader = dict(num_workers=0, dataset=dict(indices=2000))
