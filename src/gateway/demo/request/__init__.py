"""What a request asks for besides its query: its page, and which parts of documents."""
