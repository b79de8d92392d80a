# One AUM run on its own; aum_cnn3_60e_digits-sym40.py is the whole recipe.
_base_ = ['../ce/ce_cnn3_60e_digits-sym40.py']
model = dict(head=dict(num_classes=11))
train_dataloader = dict(dataset=dict(threshold_samples=dict(index=0)))
custom_hooks = [dict(type='mmnoisy.AUMHook', threshold_class=True)]
# The paper's recipe: a constant learning rate, and fewer epochs than it takes to memorise.
param_scheduler = None
train_cfg = dict(max_epochs=10)
