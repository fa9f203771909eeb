"""What is reported of the requests to sites, to those who count and trace them."""
