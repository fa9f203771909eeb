"""What those who count and trace the requests to sites are told of them."""
