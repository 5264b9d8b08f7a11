// Holds documents against the rules that their readers' tools recommend. Reads { openapi, asyncapi } from standard input, and
// writes what was found as [tool, document, rule, place]. A program of its own: the tools are modules that Jest cannot load.
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectral from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const documents = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const found = [];

for (const [name, ruleset] of [['openapi', rulesets.oas], ['asyncapi', rulesets.asyncapi]]) {
  const linter = new spectral.Spectral();
  linter.setRuleset({ extends: [[ruleset, 'recommended']] });
  for (const { code, path, message } of await linter.run(documents[name])) found.push(['spectral', name, String(code), `${path.join('.')}: ${message}`]);
}

const config = await createConfig({ extends: ['recommended'] });
for (const [name, document] of Object.entries(documents)) {
  const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: `${name}.json`, config });
  for (const { ruleId, location, message } of problems) found.push(['redocly', name, ruleId, `${location[0]?.pointer}: ${message}`]);
}

process.stdout.write(JSON.stringify(found));
