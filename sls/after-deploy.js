'use strict';

/** Tells whoever has deployed the index where it answers, and what has to be done once. */
class AfterDeploy {
  constructor(serverless) {
    this.hooks = {
      'after:aws:info:displayStackOutputs': () => {
        if (serverless.processedInput.commands.join(' ') !== 'deploy') return;
        const { gatheredData } = serverless.pluginManager.plugins.find((each) => each.gatheredData);
        const { OutputValue: url } = gatheredData.outputs.find((each) => each.OutputKey === 'Url');
        const aws = serverless.getProvider('aws');
        // They are pasted where the variable may be missing that the deployment had its region from.
        const place = `--stage ${aws.getStage()} --region ${aws.getRegion()}`;
        const flask = `npx sls wsgi flask ${place} --command`;
        serverless.addServiceOutputSection('index', url);
        serverless.addServiceOutputSection('if it is new', [
          `${flask} "init"`,
          `${flask} "users create YOU --role admin"`,
          `${flask} "tokens create YOU --permissions admin --projects '*'"`,
        ]);
      },
    };
  }
}

module.exports = AfterDeploy;
