'use strict';

const { execFileSync } = require('node:child_process');
const path = require('node:path');

/**
 * Runs finish_zip.py over the zip that the other plugins made: smaller, compiled, reproducible.
 *
 * It must be the last plugin in serverless.yml, so that the requirements are in the zip already, and
 * it runs before the zip's digest goes into the template.
 */
class FinishPackage {
  constructor(serverless) {
    this.hooks = {
      'after:package:createDeploymentArtifacts': () => {
        const { custom, package: packaged, provider } = serverless.service;
        const script = path.join(__dirname, 'finish_zip.py');
        const zip = path.resolve(serverless.serviceDir, packaged.artifact);
        execFileSync(custom.wsgi.pythonBin, [script, zip, provider.runtime], {
          cwd: serverless.serviceDir,
          stdio: ['ignore', 'inherit', 'inherit'],
        });
      },
    };
  }
}

module.exports = FinishPackage;
