"""Everything that leaves the process: DynamoDB, S3, signing keys."""
