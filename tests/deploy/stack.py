"""The index, deployed by `sls deploy` into an emulated AWS, with everything that AWS would run."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.deploy.conftest import CACHE, ROOT, SLS

SERVER = Path(__file__).with_name("emulated_aws.py")
PINS = ROOT / "local" / "requirements.txt"
STAGE, STACK = "try", "larder-try"
OWNER = {"AWS_ACCESS_KEY_ID": "owner", "AWS_SECRET_ACCESS_KEY": "of-a-made-up-account"}


def ministack(machine: str) -> Path:
    """Return the folder of ministack for the functions' interpreter, installed once."""
    folder = CACHE / f"ministack-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
            target = Path(fresh) / "ministack"
            options = ["--no-deps", "--only-binary=:all:", "--require-hashes"]
            options += ["--python-version", "3.13", "--target", str(target)]
            for tag in ("manylinux_2_28", "manylinux2014"):
                options += ["--platform", f"{tag}_{machine}"]
            command = [sys.executable, "-m", "pip", "install", "-q", *options, "-r", str(PINS)]
            subprocess.run(command, check=True)
            target.rename(folder)
    return folder


def deployer_policy() -> dict[str, Any]:
    """Return the policy that docs/guide/deploy.md gives to whoever deploys."""
    page = (ROOT / "docs" / "guide" / "deploy.md").read_text()
    found = re.search(
        r"^## What the deployer may do\n+```json\n(.+?)```", page, re.DOTALL | re.MULTILINE
    )
    assert found
    return dict(json.loads(found[1]))


@dataclass
class Stack:
    """A deployment, and the AWS it is in."""

    # Where `sls` runs, and where whatever it writes beside that goes.
    folder: Path
    home: Path
    python: str
    arch: str
    port: int = 0
    front: int = 0
    # Of the user who deploys, and of an administrator of the index.
    keys: dict[str, str] = field(default_factory=lambda: OWNER)
    token: str = ""

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.front}"

    @property
    def simple(self) -> str:
        """The index URL with the token in it."""
        return f"http://__token__:{self.token}@127.0.0.1:{self.front}/simple/"

    @property
    def environment(self) -> dict[str, str]:
        """What the Serverless tools and the SDK find this AWS by, and nothing of this machine."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "CI": "true",
            "LARDER_PYTHON": self.python,
            "AWS_ENDPOINT_URL": self.aws_url,
            **self.keys,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "SLS_AWS_REQUEST_MAX_RETRIES": "0",
        }

    @contextmanager
    def aws(self, installed: Path) -> Iterator[None]:
        """Run the AWS, which answers as soon as it can."""
        with (
            socket.create_server(("127.0.0.1", 0)) as aws,
            socket.create_server(("127.0.0.1", 0)) as front,
        ):
            self.port, self.front = aws.getsockname()[1], front.getsockname()[1]
            process = self._start(installed, aws.fileno(), front.fileno())
        try:
            yield
        finally:
            process.kill()  # it would take its time
            process.wait()

    def _start(self, installed: Path, *sockets: int) -> subprocess.Popen[bytes]:
        env = self.environment | {
            "PYTHONPATH": str(installed),
            # Signatures are verified and the roles of the functions count, as on AWS.
            "AUTH": "true",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_HOST": "127.0.0.1",
            "SFTP_ENABLED": "0",
            # The functions inherit it. Links to S3 have another host than the index, as on AWS:
            # clients send a host the credentials they have for it.
            "AWS_ENDPOINT_URL_S3": f"http://localhost:{self.port}",
        }
        with (self.home / "aws.log").open("wb") as log:
            return subprocess.Popen(
                [self.python, SERVER, *map(str, sockets)],
                cwd=self.home,
                env=env,
                stdout=log,
                stderr=log,
                pass_fds=sockets,
            )

    def client(self, service: str) -> Any:
        """Return the SDK's client of a service, with the rights of the account's owner."""
        return boto3.client(
            service,
            endpoint_url=self.aws_url,
            region_name="us-east-1",
            aws_access_key_id=OWNER["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=OWNER["AWS_SECRET_ACCESS_KEY"],
        )

    def become_deployer(self) -> None:
        """Go on as a user who may do what the guide says that deployments need."""
        iam = self.client("iam")
        iam.create_user(UserName="deployer")
        iam.put_user_policy(
            UserName="deployer",
            PolicyName="deploy",
            PolicyDocument=json.dumps(deployer_policy()),
        )
        made = iam.create_access_key(UserName="deployer")["AccessKey"]
        self.keys = {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        }

    def sls(self, *words: str, ok: bool = True) -> str:
        """Run the Serverless tools on this stage; return all they said."""
        live = f"http://127.0.0.1:{self.port}/_aws/execute-api/${{WebsocketsApi}}/{STAGE}"
        parameters = {"python": sys.executable, "arch": self.arch, "liveEndpoint": live}
        options = [word for pair in parameters.items() for word in ("--param", "=".join(pair))]
        done = subprocess.run(
            [SLS, *words, "--stage", STAGE, *options],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout
        return done.stdout

    def flask(self, command: str) -> str:
        """Run an operator's command in the function `manage`."""
        return self.sls("wsgi", "flask", "--command", command)

    def set_up(self) -> None:
        """Do what the first deployment tells to do."""
        self.flask("init")
        self.flask("users create ada --role admin")
        said = self.flask("tokens create ada --permissions admin --projects '*'")
        found = re.search(r"^larder_eyJ\S+$", said, re.MULTILINE)
        assert found, said
        self.token = found[0]

    def resource(self, logical_id: str) -> str:
        """Return the name that CloudFormation has given to a resource."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


def copied(sources: Path, folder: Path) -> Path:
    """Return a copy of what is deployed, with the tools beside it."""
    shutil.copytree(sources, folder)
    (folder / ".tools").symlink_to(CACHE)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder
