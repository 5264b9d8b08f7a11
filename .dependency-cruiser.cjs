/**
 * Imports point one way. `domain` is pure; each part knows the domain and never another part's insides; app.ts,
 * service and shard wire them. A library belongs to one part, so that it could be changed there.
 */
const PARTS = [
  'audit', 'bench', 'chaos', 'conformance', 'dialects', 'documents', 'duties', 'engine', 'http', 'load', 'log', 'market', 'money', 'people', 'persistence', 'recording', 'recovery',
  'reference', 'servers', 'service', 'shard', 'smoke', 'stream', 'trading',
];

/** What a part may import of ours, beside itself and the domain. */
const ALLOWED = {
  audit: ['reference'],
  // It measures the parts one by one, and the libraries below them; a book that a client keeps is judged as in a campaign.
  bench: ['chaos/stream-watch', 'conformance', 'dialects', 'engine', 'persistence', 'recovery', 'servers'],
  // It stands outside, kills what it started and judges what is left.
  chaos: ['audit', 'dialects/native/present', 'dialects/native/present-money', 'engine', 'persistence', 'servers'],
  conformance: [],
  // The only ones that know how requests, answers and messages are written; the use cases and the stream know none of them.
  dialects: ['http', 'market', 'money', 'people', 'stream', 'trading'],
  // What one process of a venue does beside answering: the one that holds the writer's lock.
  duties: ['log'],
  // Tables of the documents, made from the code.
  documents: ['http/request-refusal'],
  engine: [],
  // The port: it knows no dialect. Whether a call may be made it asks the gate.
  http: ['people/gate', 'people/audit-log'],
  load: ['servers'],
  log: ['engine/keys', 'engine/redis-connection'],
  // What the log tells of the market: books, trades, candles under way.
  market: ['log'],
  // Its commands are acknowledged as those of orders are.
  money: ['trading'],
  // Who callers are and what they may do; where that is kept is not its business.
  people: [],
  persistence: ['log', 'engine/engine'],
  // It is a client of venues, like any other.
  recording: [],
  recovery: ['engine', 'log', 'persistence'],
  reference: [],
  servers: [],
  // The use cases, the dialects and the stream, put together behind one port.
  service: ['dialects', 'engine/idempotency', 'http', 'market', 'money', 'people', 'shard', 'stream', 'trading'],
  // Everything of one shard, put together; how it is spoken to is not its business.
  shard: ['duties', 'engine', 'log', 'market', 'persistence', 'recovery'],
  // It is a client of venues, like any other.
  smoke: [],
  stream: ['market'],
  trading: [],
};

const LIBRARIES = [
  { name: 'redis', only: ['engine', 'log', 'servers', 'bench'] },
  { name: 'pg', only: ['persistence', 'servers', 'bench'] },
  { name: 'express', only: ['http'] },
  { name: 'cookie', only: ['http'] },
  { name: 'openid-client', only: ['people'] },
  // Order entry is a way into the API, as HTTP is; commands are clients.
  { name: 'ws', only: ['stream', 'dialects', 'cli', 'bench'] },
  { name: 'joi', only: ['dialects', 'config\\.ts'] },
];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', comment: 'A file that nobody imports is dead.', severity: 'error', from: { orphan: true, pathNot: '^(src/(main|cli/|bench/floors/)|packages/(client|contract)/src/index)' }, to: {} },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependencies', comment: 'The image has none of them; nobody measures in there.', severity: 'error',
      from: { path: '^(src|packages)', pathNot: '^src/bench/' }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'domain-is-pure', severity: 'error', from: { path: '^src/domain/' }, to: { path: '^src', pathNot: '^src/domain/' } },
    {
      name: 'only-entries-know-the-app', severity: 'error',
      from: { pathNot: '^src/(main\\.ts|cli/)' }, to: { path: '^src/(app|main)\\.ts$' },
    },
    {
      name: 'the-service-starts-no-servers', comment: 'An image carries no embedded servers.', severity: 'error',
      from: { pathNot: '^src/(servers|cli|chaos|load|bench)/' }, to: { path: '^src/servers/' },
    },
    {
      name: 'the-client-stands-alone', comment: 'It is a package of its own, for people who have nothing else of this: its types are written from the contract, not imported.', severity: 'error',
      from: { path: '^packages/client/' }, to: { pathNot: '^(packages/client/|node_modules/(@types/)?(ws|node)/|node:)', dependencyTypesNot: ['core'] },
    },
    {
      name: 'the-contract-stands-alone', comment: 'It is what the service and its clients agree on: it knows neither, nor a library.', severity: 'error',
      from: { path: '^packages/contract/' }, to: { pathNot: '^packages/contract/' },
    },
    {
      name: 'dialects-speak-the-contract', comment: 'What computes and keeps knows no words of the outside.', severity: 'error',
      from: { path: '^src', pathNot: '^src/dialects/' }, to: { path: '^packages/contract/' },
    },
    {
      name: 'the-service-is-no-client', severity: 'error',
      from: { path: '^src', pathNot: '^src/(bench|chaos|cli|conformance|load|recording|smoke)/' }, to: { path: '^packages/client/' },
    },
    { name: 'nobody-imports-a-command', severity: 'error', from: { pathNot: '^src/cli/' }, to: { path: '^src/cli/' } },
    ...PARTS.map((part) => ({
      name: `${part}-knows-its-own`,
      comment: `src/${part} may import the domain${ALLOWED[part].map((other) => `, src/${other}`).join('')}.`,
      severity: 'error',
      from: { path: `^src/${part}/` },
      to: { path: `^src/(${PARTS.join('|')})/`, pathNot: [part, ...ALLOWED[part]].map((other) => `^src/${other}(/|\\.)`) },
    })),
    ...LIBRARIES.map(({ name, only }) => ({
      name: `${name}-stays-in-its-place`,
      severity: 'error',
      from: { path: '^src', pathNot: `^src/(${only.map((place) => (place.endsWith('.ts') ? place : `${place}/`)).join('|')})` },
      to: { path: `node_modules/(@types/)?${name}/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['openfill-source', 'import', 'require', 'node', 'default', 'types'] },
  },
};
