"""Which answer each fault has in each phase, as one table."""

from dataclasses import dataclass

OUTCOMES = {".": "ok", "x": "failed", "~": "partial"}
"""`.` the site is as good as any; `x` it is missing, and the answer says so; `~` its entries come
from the index, and the answer says so."""

# keys, bodies, count: this phase fails while a list is read; entry: a single entry is asked for;
# first, later: everything fails from the first or the second page on.
TABLE = """
fault                     keys bodies count entry first later  reason
refuse                    x    x      x     x     x     x      connection refused
hang                      x    ~      x     x     x     x      timed out after
drip                      x    ~      x     x     x     x      timed out after
slow                      .    .      .     .     .     .
drop mid-answer           x    x      x     x     x     x      broke in the middle
reset mid-answer          x    x      x     x     x     x      broke in the middle|reset
close unanswered          x    x      x     x     x     x      closed before an answer came
close once                .    .      .     .     .     .
no HTTP                   x    x      x     x     x     x      not (valid )?HTTP|HTTP
500                       x    ~      x     x     x     x      HTTP 500: a fault of the test
502                       x    x      x     x     x     x      HTTP 502: a fault of the test
503                       x    x      x     x     x     x      HTTP 503: a fault of the test
503 once                  .    .      .     .     .     .
503, Retry-After 60       x    x      x     x     x     x      HTTP 503
429, Retry-After 0        .    .      .     .     .     .
429, Retry-After 60       x    x      x     x     x     x      HTTP 429
401                       x    x      x     x     x     x      HTTP 401
404                       x    x      x     x     x     x      HTTP 404
truncated                 x    x      x     x     x     x      not valid JSON
garbage                   x    x      x     x     x     x      not valid JSON
HTML                      x    x      x     x     x     x      not valid JSON .text/html
empty                     x    x      x     x     x     x      not valid JSON
gzip bomb                 x    ~      x     x     x     x      larger than
gzip, broken              x    x      x     x     x     x      gzip
huge                      x    ~      x     x     x     x      larger than
huge, announced           x    ~      x     x     x     x      larger than
deep                      x    x      x     x     x     x      nested too deeply|not valid JSON
NaN                       x    x      x     x     x     x      not valid JSON
a list                    x    x      x     x     x     x      not a JSON object
data of another type      x    x      .     x     x     x      no list of entries
entries of another type   x    x      .     x     x     x      proper entry_id|size asked for
ids of another type       x    x      .     x     x     x      proper entry_id|size asked for
duplicate ids             x    x      .     .     x     x      twice
more than asked for       x    x      .     x     x     x      size asked for|of a total of
total: text               x    x      x     x     x     x      no proper total
total: negative           x    x      x     x     x     x      no proper total
total: too small          x    x      .     .     x     x      came of a total of 1
total: absurd             x    x      x     x     x     x      no proper total
the first page for ever   x    ~      .     .     x     x      order asked|size asked|of a total
redirect to another host  x    x      x     x     x     x      redirects to another host
redirect to another port  x    x      x     x     x     x      another address of its host
redirect in a circle      x    x      x     x     x     x      redirects more than 3 times
"""
PHASES = ("keys", "bodies", "count", "entry", "first", "later")


@dataclass(frozen=True)
class Row:
    fault: str
    outcomes: dict[str, str]
    reason: str


def rows() -> list[Row]:
    _, head, *lines = TABLE.rstrip().splitlines()
    starts = [head.index(name) for name in (*PHASES, "reason")]
    return [
        Row(
            line[: starts[0]].strip(),
            {phase: OUTCOMES[line[at]] for phase, at in zip(PHASES, starts, strict=False)},
            line[starts[-1] :].strip(),
        )
        for line in lines
    ]
