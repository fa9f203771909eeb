"""What sites have answered, kept between requests as bytes: in this process, or in Redis or Valkey.

In: a key and bytes. Out: the bytes and their age, or nothing; never an error. For `fetch` alone.
"""
