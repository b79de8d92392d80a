"""``mmnoisy export``"""

from .. import api
from ..console import without_log


def add_arguments(parser) -> None:
    parser.add_argument('run', metavar='RUN', help='folder that mmnoisy train wrote')
    parser.add_argument('--onnx', action='store_true', help='also write model.onnx: RGB images to class probabilities')
    parser.add_argument('--net', choices=['net1', 'net2'], default='net1', help='which of two networks')
    parser.add_argument('--out', help='folder; export in the run by default')
    parser.add_argument('--verbose', action='store_true', help="mmengine's log")


def run(args) -> int:
    with without_log(args.verbose):
        found = api.export(args.run, args.out, onnx=args.onnx, net=args.net)
    if found.checkpoint:
        print(f'Checkpoint: {found.checkpoint}, config: {found.checkpoint.with_suffix(".py")}')
    if found.onnx:
        print(f'ONNX: {found.onnx}, classes and transforms: {found.onnx.with_suffix(".json")}')
    if not found.checkpoint and not found.onnx:
        print('A linear classifier on frozen features leaves as ONNX alone: add --onnx.')
        return 1
    return 0
