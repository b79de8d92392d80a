"""``mmnoisy demo``"""


def add_arguments(parser) -> None:
    parser.add_argument('--out', default='demo_results', help='folder for the results')
    parser.add_argument('--epochs', type=int, default=60, help='epochs of each method')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--methods', nargs='+', help='methods with a config for noisy digits')


def run(args) -> int:
    from ..demo import main

    argv = ['--out', args.out, '--epochs', str(args.epochs), '--seed', str(args.seed)]
    main([*argv, *(['--methods', *args.methods] if args.methods else [])])
    return 0
