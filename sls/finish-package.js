'use strict';

const { execFileSync } = require('node:child_process');
const path = require('node:path');

/**
 * Runs finish_zip.py over the zip that the other plugins made: smaller, compiled, reproducible, and
 * with a part of it set apart as a layer.
 *
 * It must be the last plugin in serverless.yml, so that the requirements are in the zip already, and
 * it runs before the digests of both go into the template.
 */
class FinishPackage {
  constructor(serverless) {
    this.hooks = {
      // osls would ask AWS for the layer deployed last, and packaging asks AWS nothing. It would keep
      // the answer in outputs that differ each time, so that no deployment were without a change.
      'before:package:compileLayers': () => {
        const { pluginManager, service } = serverless;
        const layers = pluginManager.plugins.find((each) => each.compareWithLastLayer);
        layers.compareWithLastLayer = async () => {
          const { Outputs } = service.provider.compiledCloudFormationTemplate;
          for (const each of ['Hash', 'S3Key']) delete Outputs[`AttestationsLambdaLayer${each}`];
        };
      },
      'after:package:createDeploymentArtifacts': () => {
        const { custom, layers, package: packaged, provider } = serverless.service;
        const zips = [packaged, layers.attestations.package].map(({ artifact }) =>
          path.resolve(serverless.serviceDir, artifact),
        );
        execFileSync(custom.wsgi.pythonBin, ['-m', 'sls.finish_zip', ...zips, provider.runtime], {
          cwd: serverless.serviceDir,
          stdio: ['ignore', 'inherit', 'inherit'],
        });
      },
    };
  }
}

module.exports = FinishPackage;
