"""`gateway query`: a filter -> the whole result, as a table, lines, a document or files.

In: a `Question` and a `Source` (a URL, a configuration, the demo). Out: bytes on standard output or
in a file, what is missing on standard error, an exit code. `asking` joins the steps; they are

    question  what the caller would like to have
    source    where to ask: an OPTIMADE server, or the gateway in this process
    server    one request there: retries, errors in words of the command line
    walking   page after page along `links.next`
    formats   entries -> bytes
    made      entries -> a file that is made in one go: a document, an archive
    outputs   where these go: standard output, a file, a file that is made at the end
    resuming  how far a file has come, beside it
    notices   what servers warn of, each once
    progress  the bar on a terminal
    summary   the last lines: how much came, what did not

The gateway in this process is asked as any other server, over an ASGI transport: there is one way.
"""
