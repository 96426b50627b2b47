"""The rules in tests/house/rules: each finds what it is for, and nothing in what is right."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = Path(__file__).parent / "rules"
TOOL = ROOT / ".tools" / "semgrep" / "bin"

pytestmark = pytest.mark.skipif(
    not (TOOL / "semgrep").exists(), reason="`make lint` installs semgrep"
)

# Rule by rule: lines that it refuses, and lines that it lets pass.
EXAMPLES: dict[str, tuple[list[str], list[str]]] = {
    "jwt-decode-names-its-algorithm": (
        [
            "jwt.decode(token, key)",
            "jwt.decode(token, key, algorithms=[header['alg']])",
            "jwt.decode(token, key, algorithms=NAMES)",
            "jwt.decode(token, key, algorithms=None)",
        ],
        ["jwt.decode(token, key, algorithms=['HS256'], issuer='x')"],
    ),
    "jwt-signature-is-verified": (
        ["jwt.decode(token, algorithms=['HS256'], options={'verify_signature': False})"],
        ["jwt.decode(token, algorithms=['HS256'], options={'strict_aud': True})"],
    ),
    "no-shell": (
        ["subprocess.run(line, shell=True)", "subprocess.Popen(line, shell=True, cwd='/')"],
        ["subprocess.run(['ls'], check=True)"],
    ),
    "requests-end": (
        [
            "urllib3.PoolManager()",
            "urllib3.request('GET', url)",
            "requests.get(url)",
            "requests.get(url, timeout=None)",
        ],
        ["urllib3.PoolManager(timeout=3)", "requests.get(url, timeout=3)"],
    ),
    "yaml-is-data": (
        ["yaml.load(text)", "yaml.load(text, Loader=yaml.Loader)"],
        ["yaml.safe_load(text)"],
    ),
    "no-objects-from-bytes": (
        ["import pickle", "from pickle import loads", "import marshal", "eval(text)"],
        ["json.loads(text)"],
    ),
    "archives-are-only-read": (
        [
            "import tarfile",
            "from zipfile import ZipFile",
            "archive.extractall(folder)",
            "archive.extract(member, folder)",
            "shutil.unpack_archive(path)",
        ],
        ["archive.read(member)"],
    ),
    "log-messages-are-constant": (
        [
            "_log.info(f'asked for {path}')",
            "log.warning('asked for ' + path)",
            "self.logger.error('asked for %s' % path)",
            "logging.info('asked for {}'.format(path))",
            "_log.exception(f'{path}', extra={'a': 1})",
        ],
        ["_log.info('asked for %s', path)", "_log.info('asked', extra={'path': f'{path}'})"],
    ),
    "secrets-are-random": (
        ["token = random.getrandbits(256)", "key = random.choice(LETTERS)", "id = uuid.uuid1()"],
        ["token = secrets.token_hex()", "time.sleep(random.uniform(0, 1))"],
    ),
    "aws-is-reached-through-the-store": (
        ["boto3.client('s3')", "boto3.Session()", "botocore.session.get_session()"],
        ["aws.session().client('s3')"],
    ),
    "templates-escape": (
        ["flask.render_template_string(text)", "markupsafe.Markup(text)", "jinja2.Template(text)"],
        ["flask.render_template('page.html', text=text)"],
    ),
    "the-environment-is-read-once": (
        ["os.environ['HOME']", "os.getenv('HOME')", "home = os.environ.get('HOME')"],
        ["os.getpid()"],
    ),
    "redirects-lead-where-we-say": (
        [
            "flask.redirect(flask.request.args['next'])",
            "flask.redirect(flask.request.referrer)",
            "flask.redirect('https://' + flask.request.headers['Host'])",
        ],
        ["flask.redirect('/')"],
    ),
    "no-debugger": (["app.run(debug=True)", "app.debug = True"], ["app.run()"]),
}
# What the lines above need to be understood; where they stand does not matter.
_IMPORTS = "import boto3, botocore.session, flask, jinja2, jwt, logging, markupsafe, os, random\n"


def ids() -> set[str]:
    return {
        rule["id"]
        for path in RULES.glob("*.yml")
        for rule in yaml.safe_load(path.read_text())["rules"]
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Return which rule was broken in which file, of one run over all examples."""
    project = tmp_path_factory.mktemp("project")
    folder = project / "app"
    for name, kinds in EXAMPLES.items():
        for kind, lines in zip(("wrong", "right"), kinds, strict=True):
            for number, line in enumerate(lines):
                path = folder / f"{name}-{kind}-{number}.py"
                path.parent.mkdir(exist_ok=True)
                path.write_text(_IMPORTS + line + "\n")
    (folder / "page-wrong.html").write_text("<p>{{ text | safe }}</p>")
    (folder / "page-right.html").write_text("<p>{{ text }}</p>")
    environment = {
        "PATH": f"{TOOL}:{os.environ['PATH']}",
        "HOME": str(project),
        "SEMGREP_SETTINGS_FILE": str(project / "settings.yml"),
    }
    # A rule's paths begin at the root of the repository.
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    options = ["--json", "--quiet", "--metrics=off", "--disable-version-check"]
    done = subprocess.run(
        ["semgrep", "scan", *options, "--config", RULES, "app"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert report["errors"] == []
    return {(one["check_id"].split(".")[-1], Path(one["path"]).stem) for one in report["results"]}


def test_every_rule_has_examples() -> None:
    assert ids() == {*EXAMPLES, "templates-escape-all"}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_finds_what_is_wrong(found: set[tuple[str, str]], rule: str) -> None:
    wrong = EXAMPLES[rule][0]
    assert [n for n in range(len(wrong)) if (rule, f"{rule}-wrong-{n}") not in found] == []


def test_no_rule_finds_what_is_right(found: set[tuple[str, str]]) -> None:
    assert [(rule, file) for rule, file in found if "-right" in file] == []


def test_a_template_that_does_not_escape_is_found(found: set[tuple[str, str]]) -> None:
    assert ("templates-escape-all", "page-wrong") in found
