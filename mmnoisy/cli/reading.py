"""Options of every subcommand that reads DATA."""


def add_data(parser) -> None:
    """DATA and how to read a table."""
    parser.add_argument('data', metavar='DATA', help='class folders, a table, or digits')
    group = parser.add_argument_group('tables')
    group.add_argument('--path-column', help='column of the paths; usual names are recognised')
    group.add_argument('--label-column', help='column of the labels; usual names are recognised')
    group.add_argument('--sep', help='separator; recognised')
    group.add_argument('--encoding', help='encoding; UTF-8, or what the byte order mark says')


def reading(args) -> dict:
    """Keyword arguments of :func:`mmnoisy.datasets.own_data.read_data`."""
    return dict(path_column=args.path_column, label_column=args.label_column, sep=args.sep, encoding=args.encoding)


def quoted(path) -> str:
    """A path as a shell takes it."""
    import shlex

    return shlex.quote(str(path))


def budget_option(text):
    """``--budget`` of a search; None where it is not given.

    Raises:
        ValueError: It is no time, and no number of epochs or trials.
    """
    from argparse import ArgumentTypeError

    from ..search.budget import budget_of

    try:
        return None if text is None else budget_of(text)
    except ArgumentTypeError as error:
        raise ValueError(f'--budget: {error}') from error
