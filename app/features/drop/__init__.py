"""The drop prefix: whoever may write `s3://<bucket>/drop/<project>/` publishes by copying there."""
