"""The exchange: calendar, order books, auctions, price limits and the tape."""
