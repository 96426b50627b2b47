'use strict';

/**
 * Lets `sls invoke local` and `sls wsgi flask local` take from the shell what CloudFormation fills in.
 *
 * The names of the table and the bucket are references, which only a deployed stack can resolve;
 * left in place they would send a local run to AWS, or stop it.
 */
class LocalEnvironment {
  constructor(serverless) {
    const plain = (environment) =>
      Object.fromEntries(
        Object.entries(environment || {}).filter(([, value]) => typeof value !== 'object')
      );
    this.hooks = {
      initialize: () => {
        const { processedInput, service } = serverless;
        if (processedInput.commands.at(-1) !== 'local') return;
        const { provider, functions } = service;
        provider.environment = plain(provider.environment);
        for (const each of Object.values(functions)) each.environment = plain(each.environment);
      },
    };
  }
}

module.exports = LocalEnvironment;
