default_scope = 'mmpretrain'

default_hooks = dict(
    runtime_info=dict(type='mmnoisy.TrainLogHook'),
    preflight=dict(type='mmnoisy.PreflightHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='mmnoisy.CheckpointHook', interval=1, max_keep_ckpts=1, save_best='auto', min_seconds=10),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    epoch_seed=dict(type='mmnoisy.EpochSeedHook'),
    run_guard=dict(type='mmnoisy.RunGuardHook'),
    finite_loss=dict(type='mmnoisy.FiniteLossHook'),
    summary=dict(type='mmnoisy.SummaryHook'),
    fast_step=dict(type='mmnoisy.FastStepHook'),
)
# Faster steps, rounded otherwise: channels_last=True, optimizer='foreach' or 'fused', cudnn_benchmark=True,
# compile='default' or 'reduce-overhead'. See docs/speed.md.
fast = dict(channels_last=False, optimizer=None, cudnn_benchmark=False, compile=None)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(type='mmnoisy.RunVisualizer', vis_backends=vis_backends)
log_processor = dict(window_size=10)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)
