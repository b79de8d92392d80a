_base_ = './pes-semi_cnn3_60e_digits-sym40.py'
custom_hooks = [
    dict(type='mmnoisy.PESHook', begin=6, parts=[dict(modules=['head'], epochs=5)], lr=1e-2, semi=True, debias=True)
]
