"""Take the few authorities that vouch for AWS's hosts out of all that a bundle holds."""
# ruff: noqa: INP001 - a step of a build, no part of a package

import re
import ssl
from typing import Any

AMAZON_ROOTS = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
"""The authorities above the certificates of AWS's hosts, as their subjects name them.

To load these instead of all that browsers trust takes a fifteenth of the time.
"""


def amazon_roots(bundle: str) -> str:
    """Return those certificates of a bundle, as PEM, that are AMAZON_ROOTS.

    :raises ValueError: if one is not there, or is there twice.
    """
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    found = re.findall(f"{begin}.*?{end}", bundle, re.DOTALL)
    names = [_common_name(each) for each in found]
    if missing := [each for each in AMAZON_ROOTS if names.count(each) != 1]:
        raise ValueError(f"not in botocore's bundle of certificates, or not once: {missing}")
    return "".join(f"{found[names.index(each)]}\n" for each in AMAZON_ROOTS)


def _common_name(certificate: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)
    loaded: Any = context.get_ca_certs()[0]
    subject = dict(pair for pairs in loaded["subject"] for pair in pairs)
    return str(subject.get("commonName", ""))
