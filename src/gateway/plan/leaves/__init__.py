"""One leaf of a filter's tree -> the clause that holds where it is true. Pure.

In: a leaf, the catalogue. Out: a clause of `plan.native`, or an error that says why the index
cannot answer it exactly. `predicates` is where a leaf comes in, `relationships` where it is about
references. Used by the other modules of `plan`.
"""
