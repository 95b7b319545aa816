/** What the tools are called and do. Their modules are in `tool-modules.ts`: some of them ask here. */

/** The tools by name, with a sentence each, in the order of help. */
export const TOOLS: ReadonlyMap<string, string> = new Map([
  ['server', 'Run a server.'],
  ['up', 'Run a local ensemble in one terminal.'],
  ['shell', 'A prompt as of zkCli, or one of its commands.'],
  ['status', 'How an ensemble is, server by server.'],
  ['top', 'A dashboard of an ensemble.'],
  ['events', 'Print the events of an ensemble as they happen.'],
  ['record', 'Record the events of an ensemble into a file.'],
  ['trace', 'Show the way of a request through the ensemble.'],
  ['4lw', 'Send a four-letter word to servers.'],
  ['hot', 'What an ensemble is asked for most.'],
  ['watches', 'Who watches what, and since when.'],
  ['log', 'Read, check and mend transaction logs.'],
  ['snapshot', 'Read, check and compare snapshots.'],
  ['bench', 'Put load on servers and measure.'],
  ['sim', 'Run simulated ensembles under faults and check every promise.'],
  ['completion', 'Print a completion script for a shell.'],
]);

/** A tool that is not shown in help: completion scripts call it. */
export const COMPLETE_WORDS = 'complete-words';
