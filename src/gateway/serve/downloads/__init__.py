"""Whole results as streams, and entries as files: what `response_format` asks for beside JSON.

In: a SearchRequest, or the answer to an EntryRequest. Out: a response, or an error before it
begins; a stream that fails later ends with its connection, or says so in its last line.
"""

from gateway.serve.downloads.chosen import download_response
from gateway.serve.downloads.file import file_response

__all__ = ["download_response", "file_response"]
