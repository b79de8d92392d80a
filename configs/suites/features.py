# Features track: a linear probe on frozen features of EfficientNet-Lite0, 20,000 photos of CIFAR-10 with the errors that
# people made (CIFAR-10N) or drawn ones. Banks: --path train=FOLDER --path test=FOLDER; the training bank needs three views
# (for DivideMix) and the columns worse_label, random_label1 and clean_label.
name = 'features'
title = 'Features track: a linear probe on 20,000 photos of CIFAR-10'
note = """
A linear classifier on frozen features of EfficientNet-Lite0 (ImageNet weights, 128 px), the first 20,000 photos of
CIFAR-10 (10 % of them held out with their noisy labels), 2,000 clean ones to test, 40 epochs, batch 512. `worse_label` and
`random_label1` are errors that people made (CIFAR-10N); the others are drawn on the true labels: symmetric 50 %, asymmetric
40 %, and 40 % that depends on the (standardised) features. The ceiling is trained on the samples with a right label alone,
which nobody can choose who does not know the true labels; no other row knows them.
"""
data = 'cifar10-20k'
paths = dict(train='data/features/train', test='data/features/test')
seeds = [0, 1, 2]
noises = dict(
    worse_label=dict(label='worse_label'),
    random_label1=dict(label='random_label1'),
    sym50=dict(label='clean_label', noise=dict(kind='symmetric', rate=0.5)),
    asym40=dict(label='clean_label', noise=dict(kind='asymmetric', rate=0.4, mapping='cifar10')),
    instance40=dict(label='clean_label', noise=dict(kind='instance', rate=0.4, pixels='standardised')),
)
two = ['worse_label', 'sym50']
methods = dict(
    ce=dict(config='ce/ce_probe_40e_features', role='ce', title='CE'),
    mixup_ema=dict(config='mixup/mixup-ema_probe_40e_features', role='ce_mixup_ema', title='CE + mixup + EMA'),
    ceiling=dict(config='ce/ce_probe_40e_features', role='ceiling', title='CE on the right labels only (ceiling)'),
    gce=dict(config='gce/gce_probe_40e_features', title='GCE'),
    elr=dict(config='elr/elr_probe_40e_features', title='ELR'),
    coteaching=dict(config='coteaching/coteaching-auto_probe_40e_features', title='Co-teaching (estimated rate)'),
    mixup=dict(config='mixup/mixup_probe_40e_features', title='mixup'),
    sce=dict(config='sce/sce_probe_40e_features', title='SCE'),
    sop=dict(config='sop/sop_probe_40e_features', title='SOP'),
    aum=dict(config='aum/aum_probe_40e_features', title='AUM, then CE on what is left'),
    ssr=dict(config='ssr/ssr_probe_40e_features', title='SSR'),
    dividemix=dict(config='dividemix/dividemix_probe_40e_features', title='DivideMix'),
    # The learning rate chosen by noisy validation of other draws: the suite features_tuning.
    ce_tuned=dict(
        config='ce/ce_probe_40e_features',
        title='CE, learning rate 0.0005',
        options={'optim_wrapper.optimizer.lr': 0.0005},
    ),
    mixup_ema_tuned=dict(
        config='mixup/mixup-ema_probe_40e_features',
        title='CE + mixup + EMA, learning rate 0.005',
        options={'optim_wrapper.optimizer.lr': 0.005},
    ),
    gce_tuned=dict(
        config='gce/gce_probe_40e_features',
        title='GCE, learning rate 0.005',
        options={'optim_wrapper.optimizer.lr': 0.005},
    ),
    elr_tuned=dict(
        config='elr/elr_probe_40e_features',
        title='ELR, learning rate 0.005',
        options={'optim_wrapper.optimizer.lr': 0.005},
    ),
    # The others: two noises.
    anl=dict(config='anl/anl_probe_40e_features', title='ANL-CE', noises=two),
    agce=dict(config='asymmetric/asymmetric-agce_probe_40e_features', title='AGCE', noises=two),
    cores2=dict(config='cores2/cores2_probe_40e_features', title='CORES²', noises=two),
    eps_softmax=dict(config='eps_softmax/eps_softmax_probe_40e_features', title='ε-softmax', noises=two),
    gls=dict(config='gls/gls_probe_40e_features', title='GLS (negative label smoothing)', noises=two),
    jal=dict(config='jal/jal_probe_40e_features', title='JAL', noises=two),
    logit_clip=dict(config='logit_clip/logit_clip_probe_40e_features', title='LogitClip', noises=two),
    peer_loss=dict(config='peer_loss/peer_loss_probe_40e_features', title='Peer loss', noises=two),
    smp=dict(config='smp/smp_probe_40e_features', title='Deep self-learning (SMP)', noises=two),
    mae=dict(config='mae/mae_probe_40e_features', title='MAE', noises=two),
    nce_rce=dict(config='nce_rce/nce_rce_probe_40e_features', title='NCE + RCE', noises=two),
    label_smoothing=dict(
        config='label_smoothing/label_smoothing_probe_40e_features', title='Label smoothing', noises=two
    ),
    bootstrapping_hard=dict(
        config='bootstrapping_hard/bootstrapping_hard_probe_40e_features', title='Bootstrapping (hard)', noises=two
    ),
    bootstrapping_soft=dict(
        config='bootstrapping_soft/bootstrapping_soft_probe_40e_features', title='Bootstrapping (soft)', noises=two
    ),
    truncated_gce=dict(config='truncated_gce/truncated_gce_probe_40e_features', title='Truncated GCE', noises=two),
    forward=dict(config='forward/forward_probe_40e_features', title='Forward correction (estimated T)', noises=two),
    importance_reweighting=dict(
        config='importance_reweighting/importance_reweighting_probe_40e_features',
        title='Importance reweighting (estimated T)',
        noises=two,
    ),
    jocor=dict(config='jocor/jocor_probe_40e_features', title='JoCoR (estimated rate)', noises=two),
    coteaching_plus=dict(
        config='coteaching_plus/coteaching_plus_probe_40e_features', title='Co-teaching+ (estimated rate)', noises=two
    ),
    pencil=dict(config='pencil/pencil_probe_40e_features', title='PENCIL', noises=two),
    m_correction=dict(config='m_correction/m_correction_probe_40e_features', title='M-correction (hard)', noises=two),
    curriculum=dict(config='curriculum/curriculum_probe_40e_features', title='CurriculumNet', noises=two),
    noise_adaptation=dict(
        config='noise_adaptation/noise_adaptation_probe_40e_features', title='Noise adaptation layer', noises=two
    ),
    volminnet=dict(config='volminnet/volminnet_probe_40e_features', title='VolMinNet', noises=two),
    disc=dict(config='disc/disc_probe_40e_features', title='DISC', noises=two),
    promix=dict(config='promix/promix_probe_40e_features', title='ProMix', noises=two),
    dividemix_uniform=dict(
        config='dividemix/dividemix-uniform_probe_40e_features', title='DivideMix, class-uniform (UNICON)', noises=two
    ),
    hoc=dict(config='hoc/hoc_probe_40e_features', title='Forward correction, T by HOC', noises=two),
    label_wave=dict(config='label_wave/label_wave_probe_40e_features', title='CE, stopped by Label Wave', noises=two),
    pes=dict(config='pes/pes_probe_40e_features', title='PES', noises=two),
    pes_semi=dict(config='pes/pes-semi_probe_40e_features', title='PES (semi-supervised)', noises=two),
    ill=dict(config='ill/ill_probe_40e_features', title='ILL', noises=two),
    mda_pes=dict(config='mda/mda-pes_probe_40e_features', title='PES + MDA', noises=two),
    mda_m_correction=dict(config='mda/mda-m-correction_probe_40e_features', title='M-correction + MDA', noises=two),
    mda_ssr=dict(config='mda/mda-ssr_probe_40e_features', title='SSR + MDA', noises=['worse_label']),
    mda_dividemix=dict(config='mda/mda-dividemix_probe_40e_features', title='DivideMix + MDA', noises=['worse_label']),
)
# A suite has no such entry.
del two
