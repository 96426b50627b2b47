"""PynamoDB items of the one table, one type a file; read and written only by app.store."""
