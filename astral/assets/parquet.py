"""The rows of Parquet files that users bring; the one home of pyarrow, which is an extra."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from astral.errors import UserError

_BATCH_ROWS = 256


def read_parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a Parquet file, a batch at a time.

    Raises:
        UserError: The file cannot be read, is no Parquet file, or pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise UserError(
            f'{path}: reading Parquet needs pyarrow: `pip install "astral-safety[parquet]"`. CSV and JSON Lines do not.'
        ) from None
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        # pyarrow tells of broken contents by an OSError too, which has no number then.
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
        raise UserError(f"{path}: this is not a Parquet file ({str(error).splitlines()[0]}).") from None
