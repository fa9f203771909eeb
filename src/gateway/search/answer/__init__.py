"""What was read -> the answer: resources, links, and what each site did."""
