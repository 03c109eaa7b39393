"""What test cases are grounded on: the local index of requests (`corpus`) and passages found on the web (`web`)."""
