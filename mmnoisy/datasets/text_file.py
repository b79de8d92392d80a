"""Text files: found, decoded, or refused with a message that says what helps."""

from pathlib import Path
from typing import Optional, Tuple


def check_file(path: Path, what: str = '') -> None:
    """Refuse a path that is not a file.

    Args:
        path (Path): The path.
        what (str): What messages call it, such as ``'label file '``.

    Raises:
        FileNotFoundError: It does not exist.
        ValueError: It is a folder, a pipe or another thing that cannot be read to an end.
    """
    if not path.exists():
        raise FileNotFoundError(f'{what}{path} does not exist.')
    if path.is_dir():
        raise ValueError(f'{what}{path} is a folder, not a file.')
    if not path.is_file():
        raise ValueError(f'{what}{path} is no ordinary file.')


def read_text(path: Path, encoding: Optional[str] = None, what: str = '') -> str:
    """Text of a file; the encoding is UTF-8, or what a byte order mark says, where none is given.

    Raises:
        ValueError: It is no such text; the message names the line and the option.
    """
    return decode_text(f'{what}{path}', Path(path).read_bytes(), encoding)[0]


def decode_text(name: str, data: bytes, encoding: Optional[str]) -> Tuple[str, str]:
    """Text of a file's bytes, and the encoding that it was read in.

    Args:
        name (str): What messages call the file.
        data (bytes): What it holds.
        encoding (str, optional): None: UTF-8, or what a byte order mark says.

    Raises:
        ValueError: It is no such text; the message names the line and the option.
    """
    marks = ((b'\xef\xbb\xbf', 'utf-8-sig'), (b'\xff\xfe', 'utf-16'), (b'\xfe\xff', 'utf-16'))
    found = next((name for mark, name in marks if data.startswith(mark)), None)
    given = encoding
    encoding = encoding or found or 'utf-8'
    if not found and not given and b'\0' in data[:4096]:
        even, odd = data[:4096:2].count(0), data[1:4096:2].count(0)
        if min(even, odd) == 0 and max(even, odd) > len(data[:4096]) // 4:
            guess = 'utf-16-be' if even else 'utf-16-le'
            raise ValueError(f'{name} looks like UTF-16 without its mark: set encoding={guess!r}, or save it as UTF-8.')
        raise ValueError(f'{name} is no text file (it holds zero bytes): save the table as csv, in UTF-8.')
    try:
        text = data.decode(encoding)
    except LookupError:
        raise ValueError(f'{name}: encoding {encoding!r} is unknown; usual ones are utf-8, utf-16, latin-1.') from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b'\n') + 1
        hint = (
            "set encoding='latin-1' (Western) or 'cp1252' (Windows)"
            if encoding.startswith('utf-8')
            else 'set another encoding='
        )
        raise ValueError(f'{name}, line {line}: this is not {encoding} text: {hint}, or save it as UTF-8.') from None
    except UnicodeError as error:
        raise ValueError(f'{name}: this is not {encoding} text ({error}): set another encoding=.') from None
    if '\0' in text:
        raise ValueError(f'{name} is no text file (it holds zero bytes): save the table as csv, in UTF-8.')
    return text, encoding
