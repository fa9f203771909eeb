"""Answers and archives kept between requests."""
