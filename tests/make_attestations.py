"""Builder: attestations whose form is right, signed by a certificate that nobody trusts.

Real ones need a CI job's identity and a public log, hence a network. These have all the parts and
agree with themselves (the signature is good for the key, the log's proof for its root), so every
tool that carries attestations takes them, and everything that verifies them must refuse them.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

PUBLISH = "publish"
SLSA = "slsa"

_SIGNED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_WORKFLOW = "https://ci.example/larder/demo/.ci/release.yml@refs/tags/v1.0"
_PAYLOAD_TYPE = "application/vnd.in-toto+json"


def attestation(
    archive: bytes, filename: str, kind: str = PUBLISH, **changes: object
) -> dict[str, Any]:
    """Return an attestation of a file (PEP 740); `changes` are to its statement."""
    statement = json.dumps(statement_of(archive, filename, kind) | changes).encode()
    return signed(statement)


def statement_of(archive: bytes, filename: str, kind: str = PUBLISH) -> dict[str, Any]:
    """Return what is stated of a file (in-toto v1)."""
    from pypi_attestations import AttestationType

    types = {PUBLISH: AttestationType.PYPI_PUBLISH_V1, SLSA: AttestationType.SLSA_PROVENANCE_V1}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": filename, "digest": {"sha256": hashlib.sha256(archive).hexdigest()}}],
        "predicateType": types[kind].value,
        "predicate": None if kind == PUBLISH else {"buildDefinition": {"buildType": _WORKFLOW}},
    }


def signed(statement: bytes) -> dict[str, Any]:
    """Return an attestation of any statement."""
    key, certificate = _signer()
    length = len(statement)
    envelope = b"DSSEv1 %d %s %d %s" % (
        len(_PAYLOAD_TYPE),
        _PAYLOAD_TYPE.encode(),
        length,
        statement,
    )
    signature = key.sign(envelope, ec.ECDSA(SHA256()))
    return {
        "version": 1,
        "verification_material": {
            "certificate": _base64(certificate.public_bytes(Encoding.DER)),
            "transparency_entries": [_log_entry(statement, signature, certificate)],
        },
        "envelope": {"statement": _base64(statement), "signature": _base64(signature)},
    }


def text(archive: bytes, filename: str, *kinds: str) -> str:
    """Return the attestations of a file as upload tools send them, by default one to publish."""
    return json.dumps([attestation(archive, filename, kind) for kind in kinds or (PUBLISH,)])


def write_beside(file: Path, kind: str = PUBLISH) -> Path:
    """Write an attestation beside a file, where uv and twine look for it, and return its path."""
    path = file.with_name(f"{file.name}.{kind}.attestation")
    path.write_text(json.dumps(attestation(file.read_bytes(), file.name, kind)))
    return path


@cache
def _signer() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    nobody = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "nobody.example")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(nobody)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_SIGNED_AT)
        .not_valid_after(_SIGNED_AT + timedelta(minutes=10))
    )
    for extension, critical in [
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(_WORKFLOW)]), True),
        (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
    ]:
        builder = builder.add_extension(extension, critical=critical)
    return key, builder.sign(key, SHA256())


def _log_entry(statement: bytes, signature: bytes, certificate: x509.Certificate) -> dict[str, Any]:
    """Return the only entry of a log of its own (Rekor, `dsse` 0.0.1)."""
    verifier = _base64(certificate.public_bytes(Encoding.PEM))
    body = {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(statement).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(statement).hexdigest()},
            "signatures": [{"signature": _base64(signature), "verifier": verifier}],
        },
    }
    entry = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    root = _base64(hashlib.sha256(b"\0" + entry).digest())
    return {
        "logIndex": "0",
        "logId": {"keyId": _base64(hashlib.sha256(b"log.example").digest())},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": str(int(_SIGNED_AT.timestamp()) + 1),
        "inclusionPromise": {"signedEntryTimestamp": _base64(signature)},
        "inclusionProof": {
            "logIndex": "0",
            "rootHash": root,
            "treeSize": "1",
            "hashes": [],
            "checkpoint": {"envelope": f"log.example - 1\n1\n{root}\n\n— log.example {root}\n"},
        },
        "canonicalizedBody": _base64(entry),
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
