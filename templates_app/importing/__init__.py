"""The library as one file, so that a company can share it."""

from templates_app.importing.exporting import export_library
from templates_app.importing.file_format import MAX_SIZE, LibraryFileError, RowError
from templates_app.importing.loading import ImportReport, import_library

__all__ = ["MAX_SIZE", "ImportReport", "LibraryFileError", "RowError", "export_library", "import_library"]
