"""A caller's request -> what it asks, checked and bounded before any site hears of it."""
