"""What a client wants to publish, as its form says."""

from dataclasses import dataclass

from app.domain.attestations import Attestation
from app.domain.filenames import DistName
from app.domain.names import NormalizedName


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An upload whose form is right; whether the file is, remains to be seen."""

    project: NormalizedName
    dist: DistName
    # The digests the client claims, by the names of their form fields.
    digests: dict[str, str]
    attestations: tuple[Attestation, ...] = ()
