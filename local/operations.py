"""What the journal has to know of each DynamoDB operation."""

# These change nothing. Whatever is not named here counts as a change.
READS = frozenset(
    {
        "BatchGetItem",
        "DescribeContinuousBackups",
        "DescribeEndpoints",
        "DescribeLimits",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetItem",
        "ListTables",
        "ListTagsOfResource",
        "Query",
        "Scan",
        "TransactGetItems",
    }
)
# Done again in the same order at the same (recorded) time, these give the same items. Any other
# change has a random part (the ARN of a backup) and is kept as a whole new generation instead.
REPEATABLE = frozenset(
    {
        "BatchExecuteStatement",
        "BatchWriteItem",
        "CreateTable",
        "DeleteItem",
        "DeleteTable",
        "ExecuteStatement",
        "ExecuteTransaction",
        "PutItem",
        "TagResource",
        "TransactWriteItems",
        "UntagResource",
        "UpdateContinuousBackups",
        "UpdateItem",
        "UpdateTable",
        "UpdateTimeToLive",
    }
)
# It goes on in a thread of its own after the answer, out of reach of the journal.
REFUSED = frozenset({"ImportTable"})
