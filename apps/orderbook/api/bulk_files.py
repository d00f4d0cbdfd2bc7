"""Bulk orders as files over the API: the body is the file that a person would upload, and what a
form would say beside it is in the query."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import IO, Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import BaseParser

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE_BODIES: Final = dict.fromkeys((CSV, XLSX), OpenApiTypes.BINARY)
CHUNK_BYTES: Final = 64 * 1024

QUERY: Final = [
    OpenApiParameter(name, kind, description="With a file as the body.")
    for name, kind in (
        ("name", OpenApiTypes.STR),
        ("quote", OpenApiTypes.STR),
        ("total_max", OpenApiTypes.DECIMAL),
        ("removals_min_bps", OpenApiTypes.INT),
        ("project_max_bps", OpenApiTypes.INT),
    )
]


class FileBody(dict[str, Any]):
    """What a request with a file as its body says."""

    @property
    def rules(self) -> dict[str, Any]:
        """What the query says."""
        return {name: said for name, said in self.items() if name not in ("file", "sha256")}


class _FileParser(BaseParser):
    """The query's fields, `file`, which goes to disk as it comes, and its `sha256`: by that two
    requests with one key are the same."""

    file_name: str

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> FileBody:
        assert parser_context is not None
        file = TemporaryUploadedFile(self.file_name, self.media_type, 0, None)
        digest, size = hashlib.sha256(), 0
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > settings.BODY_BYTES_MAX:
                raise RequestDataTooBig
            digest.update(chunk)
            file.write(chunk)
        file.seek(0)
        file.size = size
        said = parser_context["request"].query_params.dict()
        return FileBody(said, file=file, sha256=digest.hexdigest())


class CsvParser(_FileParser):
    """A CSV file."""

    media_type = CSV
    file_name = "lines.csv"


class XlsxParser(_FileParser):
    """A workbook."""

    media_type = XLSX
    file_name = "lines.xlsx"
