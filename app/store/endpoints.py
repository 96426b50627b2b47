"""Where AWS's services answer."""


def endpoint(service: str, region: str) -> str:
    """Return the URL of a service in a region.

    >>> endpoint("dynamodb", "eu-west-1"), endpoint("ssm", "cn-north-1")
    ('https://dynamodb.eu-west-1.amazonaws.com', 'https://ssm.cn-north-1.amazonaws.com.cn')
    """
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"
