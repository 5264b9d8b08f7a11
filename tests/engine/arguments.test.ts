import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_ARGUMENTS, COMMAND_LETTER, EXECUTE_ARGUMENTS, SHARD_LAYOUT_VERSION } from '../../src/domain/layouts';
import { compactId, newOrderId } from '../../src/domain/order-id';
import { newListId } from '../../src/domain/order-list';
import { OneTimeUse } from '../../src/domain/one-time-use';
import { encodeAccount } from '../../src/engine/commands/account';
import { encodeAmend } from '../../src/engine/commands/amend';
import { encodeCancel } from '../../src/engine/commands/cancel';
import { encodeCancelAfter } from '../../src/engine/commands/cancel-after';
import { encodeDue } from '../../src/engine/commands/due';
import { encodeFeeGroup } from '../../src/engine/commands/fee-group';
import { encodeKill } from '../../src/engine/commands/kill';
import { encodeLease } from '../../src/engine/commands/lease';
import { encodeList } from '../../src/engine/commands/list';
import { encodeMassCancel } from '../../src/engine/commands/mass-cancel';
import { encodePlace } from '../../src/engine/commands/place';
import { encodeTransfer } from '../../src/engine/commands/transfer';
import { encodeTransferEnd } from '../../src/engine/commands/transfer-end';
import { Engine } from '../../src/engine/engine';
import { buildLibrary, LUA_DIRECTORY, LUA_FILES } from '../../src/engine/library';
import { RedisConnection } from '../../src/engine/redis-connection';
import { amendCommand, cancelCommand, placeCommand } from './support/desk';
import { quiet, TEST_LIMITS } from './support/test-shard';

/**
 * The header of each Lua function lists its arguments; what TypeScript sends must be those, in that order. Both
 * are held against one table here, so a change on either side alone shows.
 */

const LUA = LUA_FILES.map((file) => readFileSync(join(LUA_DIRECTORY, `${file}.lua`), 'utf8')).join('\n');

/** Arguments that the header of a function lists, without what it says of each in brackets and after "or". */
function headerArguments(name: string): string[] {
  const header = new RegExp(`^-- ${name}: .*\\n(?:--.*\\n)*`, 'm').exec(LUA)?.[0];
  if (header === undefined) throw new Error(`no header names ${name}`);
  const flat = header.replace(/\n-- */g, ' ').replace(/\([^)]*\)/g, '');
  const listed = /Arguments: (.*?)\.(?: |$)/.exec(flat)?.[1];
  if (listed === undefined) throw new Error(`the header of ${name} lists no arguments`);
  if (listed === 'none') return [];
  return listed.split(/, (?:then )?/).map((argument) => argument.replace(/ or ''.*$/, '').replace(/\s+/g, ' ').trim());
}

const ANY = expect.any(String) as string;
const orderId = newOrderId();
const transferId = newOrderId();
const listId = newListId();
const placed = placeCommand('sell', 101, 102, { kind: 'limit_ioc', client: 'c"1', name: 'n\\1', key: 'digest', orderId });
const amended = amendCommand(orderId, { price: 103, quantity: 104, remaining: 105, quantityMax: 106, key: 'digest' });
const amendedByName = amendCommand({ clientId: 'c"1', clientOrderId: 'n\\1' }, { price: 'invalid' });

/** What a command sends, by the names of its layout. */
const COMMANDS: readonly { op: keyof typeof COMMAND_ARGUMENTS; encoded: readonly string[]; values: Readonly<Record<string, string>> }[] = [
  {
    op: 'place', encoded: placed.op === 'place' ? encodePlace(placed) : [],
    values: {
      instrument: 'BTC-USD', side: '1', kind: '2', price: '101', quantity: '102', id: compactId(orderId), client: 'c\\u00221',
      name: 'c\\u00221","n\\u005c1', idem: 'digest', terms: '101,102,[],1,2,"BTC-USD","c\\u00221","n\\u005c1"', actor: '', traits: '',
    },
  },
  {
    op: 'list', encoded: encodeList({
      actor: null, listId, clientId: 'c"1', instrument: 'BTC-USD', idempotency: 'digest', request: ['q'], orders: [
        { side: 'sell', kind: 0, priceTicks: 103, quantityLots: 104, traits: { list: 'oco', listRole: 1 }, clientOrderId: 'n\\1' },
        { side: 'sell', kind: 4, priceTicks: 0, quantityLots: 105, traits: { trigger: 1, triggerPrice: 99, list: 'oco', listRole: 1 }, clientOrderId: null },
      ],
    }),
    values: {
      id: compactId(listId), client: 'c\\u00221', instrument: 'BTC-USD', first: '103,104,[13,"oco",14,1],1,0,"BTC-USD","c\\u00221","n\\u005c1"',
      second: '0,105,[4,1,5,99,13,"oco",14,1],1,4,"BTC-USD","c\\u00221",""', third: '', idem: 'digest', actor: '', request: '["q"]',
    },
  },
  {
    op: 'cancel',
    encoded: encodeCancel({ actor: 'c"1', order: { clientId: 'c"1', clientOrderId: 'n' }, idempotency: 'digest', request: ['q'] }),
    values: {
      id: '', name: 'c\\u00221","n', actor: 'c\\u00221', idem: 'digest', request: '["q"]',
    },
  },
  {
    op: 'cancel', encoded: encodeCancel({ actor: null, order: { orderId }, idempotency: null, request: null }),
    values: { id: compactId(orderId), name: '', actor: '', idem: '', request: '' },
  },
  {
    op: 'amend', encoded: amended.op === 'amend' ? encodeAmend(amended) : [],
    values: {
      id: compactId(orderId), name: '', actor: '', candidates: ';BTC-USD=103,104,105,null,null,null,106;', idem: 'digest', request: '{"price":103}',
    },
  },
  {
    op: 'amend', encoded: amendedByName.op === 'amend' ? encodeAmend(amendedByName) : [],
    values: {
      id: '', name: 'c\\u00221","n\\u005c1', actor: '', candidates: ';BTC-USD=x,null,null,null,null,null,9007199254740991;', idem: '', request: '',
    },
  },
  {
    op: 'mass_cancel',
    encoded: encodeMassCancel({ actor: null, clientId: 'c"1', instrument: null, after: 5, bound: null, pageSize: 7 }),
    values: { client: 'c\\u00221', instrument: '', after: '5', bound: '', page_size: '7', actor: '' },
  },
  {
    op: 'account',
    encoded: encodeAccount({
      actor: null, account: 'c"1', opens: true, name: null, status: 'suspended', credit: 'unlimited', feeGroup: 'vip',
      deposits: [{ asset: 'USD', amount: '12' }, { asset: 'BTC', amount: '3' }], idempotency: 'digest', request: ['q'],
    }),
    values: {
      account: 'c\\u00221', opens: '1', name: 'null', status: '2', credit: '2', fee_group: '"vip"', deposits: ',"USD","12","BTC","3"', actor: '',
      idem: 'digest', request: '["q"]',
    },
  },
  {
    op: 'transfer',
    encoded: encodeTransfer({
      actor: 'a', transferId, kind: 'transfer', pending: true, from: 'c"1', to: 'd', asset: 'USD', amount: '12', reference: 'r"', referenceDigest: 'rd',
      note: null, timeoutUs: 5, reverses: orderId, idempotency: null, request: ['q'],
    }),
    values: {
      id: compactId(transferId), kind: '3', pending: '1', from: 'c\\u00221', to: 'd', asset: 'USD', amount: '12', reference: 'r\\u0022', reference_digest: 'rd',
      note: '', timeout_us: '5', reverses: compactId(orderId), actor: 'a', idem: '', request: '["q"]',
    },
  },
  {
    op: 'transfer_end', encoded: encodeTransferEnd({ actor: null, transferId, status: 'rejected', amount: null, idempotency: null, request: null }),
    values: { id: compactId(transferId), status: '4', amount: '', actor: '', idem: '', request: '' },
  },
  {
    op: 'fee_group',
    encoded: encodeFeeGroup({
      actor: null, group: 'vip', rates: [{ instrument: null, makerRate: -1, takerRate: 2 }, { instrument: 'BTC-USD', makerRate: 3, takerRate: 4 }],
      idempotency: null, request: null,
    }),
    values: { group: 'vip', rates: ',"",-1,2,"BTC-USD",3,4', actor: '', idem: '', request: '' },
  },
  { op: 'due', encoded: encodeDue(), values: {} },
  {
    op: 'cancel_after', encoded: encodeCancelAfter({ clientId: 'c"1', instrument: 'BTC-USD', timeoutUs: 5, actor: null }),
    values: { client: 'c\\u00221', instrument: 'BTC-USD', timeout_us: '5', actor: '' },
  },
  {
    op: 'lease', encoded: encodeLease({ lease: 'l-1', clientId: 'c"1', begins: true, ttlUs: 5, actor: null }),
    values: { lease: 'l-1', client: 'c\\u00221', begins: '1', ttl_us: '5', actor: '' },
  },
  {
    op: 'kill', encoded: encodeKill({ account: 'c"1', kills: true, pageSize: 5, actor: 'a' }),
    values: { account: 'c\\u00221', kills: '1', page_size: '5', actor: 'a' },
  },
];

describe('arguments of commands', () => {
  test.each(COMMANDS)('$op: header, layout and encoding agree', ({ op, encoded, values }) => {
    expect(headerArguments(op)).toEqual([...COMMAND_ARGUMENTS[op]]);
    expect(Object.keys(values)).toEqual([...COMMAND_ARGUMENTS[op]]);
    expect(encoded).toEqual([COMMAND_LETTER[op], ...Object.values(values)]);
  });

  test('the arguments ahead of them stand where their layout has them', () => {
    expect(headerArguments('execute').slice(0, EXECUTE_ARGUMENTS.length)).toEqual([...EXECUTE_ARGUMENTS]);
  });
});

/** Notes what an engine sends instead of sending it. */
class Recorder extends RedisConnection {
  readonly sent: (readonly string[])[] = [];

  constructor(private readonly reply: unknown) {
    super('redis://127.0.0.1:1', 'recorder', quiet);
  }

  override get isReady(): boolean {
    return true;
  }

  override send(command: readonly string[]): Promise<unknown> {
    this.sent.push(command);
    return Promise.resolve(this.reply);
  }
}

async function argumentsSent(reply: unknown, call: (engine: Engine) => Promise<unknown>): Promise<{ fn: string; keys: readonly string[]; args: readonly string[] }> {
  const recorder = new Recorder(reply);
  const library = buildLibrary();
  const engine = new Engine(recorder, library, 'main', { ...TEST_LIMITS, fillsPerOrderMax: 11, openOrdersPerClientMax: 12, backlogMax: 13, idempotencyTtlS: 14, duePage: 16 }, quiet);
  engine.bind('epoch-1', 15);
  await call(engine);
  engine.close();
  const [command] = recorder.sent;
  if (command?.[0] !== 'FCALL') throw new Error('no function was called');
  const keyCount = Number(command[2]);
  return {
    fn: (command[1] as string).slice(library.name.length + 1), keys: command.slice(3, 3 + keyCount), args: command.slice(3 + keyCount),
  };
}

/** Each call, its function, and by the names of the header what it sends; a name may stand for several values. */
const CALLS: readonly { fn: string; header?: string; reply: unknown; call: (engine: Engine) => Promise<unknown>; values: Record<string, string | readonly string[]> }[] = [
  {
    fn: 'execute', reply: ['X1', 'X1'], call: (engine) => engine.submitAll([cancelCommand(orderId), placeCommand('buy', 1, 1)]),
    values: {
      fills_max: '11', triggers_max: '100', open_orders_max: '12', iceberg_parts_max: '100', backlog_max: '13', idempotency_ttl_s: '14', epoch: 'epoch-1', sequence_min: '15', due_page: '16', auction_page: '1000', held_seen: '0',
      'for each command its letter and its arguments': [
        'C', compactId(orderId), '', '', '', '', 'P', 'BTC-USD', '0', '0', '1', '1', ANY, 'client', '', '', ANY, '', '',
      ],
    },
  },
  {
    fn: 'execute_freeing', header: 'execute', reply: ['X1'], call: (engine) => engine.submitAll([cancelCommand(orderId)]),
    values: {
      fills_max: '11', triggers_max: '100', open_orders_max: '12', iceberg_parts_max: '100', backlog_max: '13', idempotency_ttl_s: '14', epoch: 'epoch-1', sequence_min: '15', due_page: '16', auction_page: '1000', held_seen: '0',
      'for each command its letter and its arguments': ['C', compactId(orderId), '', '', '', ''],
    },
  },
  {
    fn: 'initialise', reply: 1, call: (engine) => engine.initialise('epoch-2', 'required'),
    values: { epoch: 'epoch-2', version: String(SHARD_LAYOUT_VERSION), funds: '2' },
  },
  {
    fn: 'register', reply: 1,
    call: (engine) => engine.register(new Map([
      ['BTC-USD', { base: 'BTC', quote: 'USD', lotUnits: 1n, valueUnits: 5n }], ['BIG-EUR', { base: 'BIG', quote: 'EUR', lotUnits: 10n ** 18n, valueUnits: 3n }],
    ])),
    values: { 'for each instrument its name and its scale': ['BTC-USD', 'BTC,USD,1,1,1,5', 'BIG-EUR', 'BIG,EUR,1000,1000000000000000,1,3'] },
  },
  {
    fn: 'set_breach', reply: 1, call: (engine) => engine.setBreach('a unit too much', 'epoch-2'),
    values: { 'what was found': 'a unit too much', 'epoch that it is meant for': 'epoch-2' },
  },
  {
    fn: 'set_state', reply: 'open', call: (engine) => engine.setState('frozen', ['open', 'recovering'], 'epoch-2'),
    values: { 'state wanted': 'frozen', 'epoch that it is wanted for': 'epoch-2', 'the states it may be reached from': ['open', 'recovering'] },
  },
  {
    fn: 'renew_leases', reply: ['l-2'], call: (engine) => engine.renewLeases(['l-1', 'l-2'], 7),
    values: { epoch: 'epoch-1', ttl_us: '7', leases: ['l-1', 'l-2'] },
  },
  {
    fn: 'trim', reply: 1,
    call: (engine) => engine.trim('epoch-2', 21, { entries: 22, trades: 23 }, new Map([['BTC-USD', 24], ['ETH-USD', 25]]), [orderId], [transferId]),
    values: {
      epoch: 'epoch-2', 'sequence up to which all is committed': '21', 'log entries to keep behind it': '22', 'trades to keep': '23',
      'number of instruments': '2', 'for each its name and last committed trade id': ['BTC-USD', '24', 'ETH-USD', '25'],
      'the number of orders that were done by that sequence and their compact ids': ['1', compactId(orderId)],
      'the compact ids of transfers that were': [compactId(transferId)],
    },
  },
  {
    fn: 'take_once', reply: 1, call: (engine) => engine.takeOnce(OneTimeUse.of('what', 15)),
    values: { 'the use': OneTimeUse.of('what', 15).text },
  },
  { fn: 'forget_keys', reply: 0, call: (engine) => engine.forgetKeys(['d1', 'd2']), values: { 'lifetime in seconds': '14', digests: ['d1', 'd2'] } },
  {
    fn: 'read_order', reply: [], call: (engine) => engine.readOrder(orderId),
    values: { 'compact order id': compactId(orderId), 'log sequence to go on from': '', 'page size': '500' },
  },
  {
    fn: 'read_levels', reply: ['1', '2'], call: (engine) => engine.readLevels('ETH-USD', 1, 31, 32),
    values: { instrument: 'ETH-USD', side: '1', 'price to go on behind': '31', 'page size': '32' },
  },
  {
    fn: 'read_orders', reply: ['1', '2', [], 0, [], [], 0, []], call: (engine) => engine.readOrders('ETH-USD', 51, 52, 53),
    values: { instrument: 'ETH-USD', 'levels a side': '51', 'orders a side': '52', 'levels of the checksum': '53' },
  },
  { fn: 'read_waiting', reply: [null], call: (engine) => engine.readWaiting([orderId]), values: { 'compact order ids': [compactId(orderId)] } },
  { fn: 'read_auction', reply: ['1', '2', '', ''], call: (engine) => engine.readAuction('ETH-USD'), values: { instrument: 'ETH-USD' } },
  { fn: 'read_book', reply: ['1', '2', 0], call: (engine) => engine.readBook('ETH-USD', 41), values: { instrument: 'ETH-USD', 'levels a side': '41' } },
  {
    fn: 'read_accounts', reply: ['1', '2', null, null], call: (engine) => engine.readAccounts(['c"1', 'd']),
    values: { accounts: ['c\\u00221', 'd'] },
  },
  {
    fn: 'scan_accounts', reply: ['0', '1'], call: (engine) => engine.scanAccounts('7'), values: { cursor: '7', 'page size': '500' },
  },
  {
    fn: 'read_open_orders', reply: [''], call: (engine) => engine.readOpenOrders('c"1', 'ETH-USD', { sequence: 77, orderId }, 51),
    values: { client: 'c\\u00221', instrument: 'ETH-USD', 'where to go on behind': `77,${compactId(orderId)}`, 'page size': '51' },
  },
];

describe('arguments of functions', () => {
  test.each(CALLS)('$fn: header and call agree', async ({ fn, header, reply, call, values }) => {
    expect(await argumentsSent(reply, call)).toEqual({ fn, keys: ['{main}:meta'], args: Object.values(values).flat() });
    expect(headerArguments(header ?? fn)).toEqual(Object.keys(values));
  });

  test('every function of the library is held against its header', () => {
    const registered = [...buildLibrary().source.matchAll(/function_name = '\w+?_[0-9a-f]{12}_(\w+)'/g)].map((match) => match[1]);
    expect(registered.length).toBeGreaterThan(0);
    expect([...new Set(CALLS.map(({ fn }) => fn))].sort()).toEqual(registered.sort());
  });
});
