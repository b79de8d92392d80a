_base_ = '../ce/ce_probe_40e_features.py'
custom_hooks = [dict(type='mmnoisy.PrototypeHook', warmup_epochs=5, rank=0.75, dense_share=0.3)]
