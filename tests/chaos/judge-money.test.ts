import { judgeLedger, type LossWindow, type Verdict } from '../../src/chaos/judge';
import { answerOfMoney } from '../../src/chaos/judge-money';
import { Ledger, type AckMode, type Op, type Reference, type SentCommand } from '../../src/chaos/ledger';
import { MoneyRule } from '../../src/chaos/money-rule';
import { AssetTable } from '../../src/domain/asset-table';
import { assetsOf } from '../../src/domain/assets';
import type { EngineCommand } from '../../src/domain/commands';
import { DEFAULT_INSTRUMENTS, parseInstruments } from '../../src/domain/instruments';
import type { LogEntry } from '../../src/domain/log-entry';
import { FEES, ISSUANCE } from '../../src/domain/money';
import { idempotencyDigest } from '../../src/engine/idempotency';
import { cancelCommand } from '../engine/support/desk';
import { entryText } from '../persistence/support/entry-text';
import { accountOf, BTC, depositOf, endOf, feesOf, order, SCALES, Till, transferIdOf, transferOf, USD } from '../reference/support/till';

/** How money is judged: what clients were told of it, that nothing of it happens twice, and the rule behind every entry. */

type Mutable<T> = T extends readonly (infer E)[] ? Mutable<E>[] : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

const INSTRUMENTS = new Map(parseInstruments(DEFAULT_INSTRUMENTS).map((instrument) => [instrument.instrument, instrument]));
const ASSETS = new AssetTable(assetsOf([...INSTRUMENTS.values()], new Map()));
const CLEAN = { lost: [], lostAsAllowed: 0, doubled: [], unexplained: [], ruleBroken: [] };

/** A venue, what its clients sent, and what they were told. */
class Bank {
  readonly till = new Till();
  readonly ledger = new Ledger();

  /** Sends a command under a key of the account, and tells what came of it. */
  send(account: string, op: Op, command: EngineCommand, options: { mode?: AckMode; reference?: Reference } = {}): { sent: SentCommand; entry: LogEntry } {
    const sent = this.ledger.enter(account, op, options.mode ?? 'redis', options.reference ?? null);
    const entry = this.till.do({ ...command, idempotency: idempotencyDigest(account, sent.key) } as EngineCommand);
    this.tell(sent, entry);
    return { sent, entry };
  }

  tell(sent: SentCommand, entry: LogEntry): void {
    this.ledger.settle(sent, 201, answerOfMoney(entry, ASSETS) ?? {});
  }

  deposit(amount: number, reference: string, options: { mode?: AckMode } = {}): { sent: SentCommand; entry: LogEntry } {
    const used = { asset: USD, reference };
    return this.send('ann', 'deposit', depositOf('ann', USD, amount, { reference }), { ...options, reference: used });
  }

  judge(log: readonly LogEntry[] = this.till.log, losses: readonly LossWindow[] = []): Promise<Verdict> {
    const entries = log.map((entry) => ({ sequence: entry.sequence, payload: textOf(entry) }));
    return judgeLedger(this.ledger, { journal: () => rows(entries) }, idempotencyDigest, INSTRUMENTS, losses, new MoneyRule('required', SCALES));
  }
}

function textOf({ kind, sequence, timeUs, command, code, events, idempotency }: LogEntry): string {
  if (command === null) throw new Error('the entry tells no command');
  return entryText({ kind, sequence, timeUs, command, code, events, ...(idempotency === null ? {} : { idempotency }), epoch: 'epoch123' });
}

async function* rows<T>(entries: readonly T[]): AsyncGenerator<T> {
  for (const entry of entries) yield await Promise.resolve(entry);
}

/** An entry once more, as another one behind the last. */
const again = (log: readonly LogEntry[], entry: LogEntry, changes: Partial<LogEntry> = {}): LogEntry[] => [...log, { ...entry, balances: [], sequence: log.length + 1, ...changes }];
/** Without what it tells of balances: the rule is not what is tried here. */
const bare = (log: readonly LogEntry[]): LogEntry[] => log.map((entry) => ({ ...entry, events: entry.events.filter(({ type }) => type !== 'balance') }));

describe('a campaign with money', () => {
  it('is judged sound where the record is what was answered, of every kind', async () => {
    const bank = new Bank();
    bank.send(FEES, 'fee_group', feesOf('default', [null, -100, 500]));
    bank.send('bob', 'open_account', accountOf('bob', { deposits: [[BTC, '1000']] }));
    bank.deposit(10_000, 'wire');
    const { entry: pending } = bank.send('ann', 'transfer', transferOf('transfer', 'ann', 'bob', USD, 50, { pending: true, timeoutUs: 10 }));
    const { entry: asked } = bank.send('ann', 'withdrawal', transferOf('withdrawal', 'ann', ISSUANCE, USD, 70));
    bank.send('ann', 'end_withdrawal', endOf(transferIdOf(asked), 'posted'));
    const { entry: moved } = bank.send('ann', 'transfer', transferOf('transfer', 'ann', 'bob', USD, 20));
    bank.send('bob', 'reversal', transferOf('reversal', 'bob', 'ann', USD, 20, { reverses: transferIdOf(moved) }));
    bank.send('ann', 'change_account', accountOf('ann', { opens: false, name: 'Ann' }));
    bank.till.timeUs += 100;
    // By the venue's own timer.
    bank.till.do(endOf(transferIdOf(pending), 'expired'));
    expect(await bank.judge()).toMatchObject({ ...CLEAN, acknowledged: 9 });
  });

  it('takes a deposit as answered whose reference was used before, by the same answer', async () => {
    const bank = new Bank();
    const { entry } = bank.deposit(5, 'wire');
    const used = { asset: USD, reference: 'wire' };
    const repeated = bank.ledger.enter('ann', 'deposit', 'postgres', used);
    bank.tell(repeated, entry);
    const refused = bank.ledger.enter('ann', 'deposit', 'postgres', used);
    bank.ledger.settle(refused, 422, { code: 'reference_reused' });
    expect(await bank.judge()).toMatchObject({ ...CLEAN, acknowledged: 2 });
    // Another deposit than that: what was acknowledged is not there.
    bank.ledger.settle(repeated, 201, { ...repeated.body, deposit_id: 'another' });
    expect((await bank.judge()).lost).toEqual([expect.stringMatching(/^key-2 \(deposit of ann, 201/) as string]);
  });

  it('finds a deposit that is lost, and one that went with Redis as it may', async () => {
    const bank = new Bank();
    bank.deposit(5, 'one');
    bank.deposit(5, 'two', { mode: 'postgres' });
    const at = Date.now();
    expect(await bank.judge([])).toMatchObject({ lost: [expect.stringMatching(/^key-1 /), expect.stringMatching(/^key-2 /)] });
    expect(await bank.judge([], [{ fromMs: at - 10_000, toMs: at + 10_000 }])).toMatchObject({ lostAsAllowed: 1, lost: [expect.stringMatching(/^key-2 /)] });
  });

  it('finds what happened twice: by a key, by a reference, an end, a move back', async () => {
    const bank = new Bank();
    const { entry: wired } = bank.deposit(1_000, 'wire');
    const { entry: asked } = bank.send('ann', 'withdrawal', transferOf('withdrawal', 'ann', ISSUANCE, USD, 70));
    const { entry: ended } = bank.send('ann', 'end_withdrawal', endOf(transferIdOf(asked), 'posted'));
    const { entry: moved } = bank.send('ann', 'transfer', transferOf('transfer', 'ann', 'bob', USD, 20));
    const { entry: back } = bank.send('bob', 'reversal', transferOf('reversal', 'bob', 'ann', USD, 20, { reverses: transferIdOf(moved) }));
    const log = bare(bank.till.log);
    const doubled = async (entry: LogEntry, changes: Partial<LogEntry> = {}): Promise<readonly string[]> => (await bank.judge(again(log, bare([entry])[0] as LogEntry, changes))).doubled;
    expect(await doubled(wired)).toEqual(expect.arrayContaining(['key-1 (deposit) is in entries 1 and 6', 'reference wire of a deposit of USD is in entries 1 and 6']));
    expect(await doubled(wired, { idempotency: null })).toContain('reference wire of a deposit of USD is in entries 1 and 6');
    expect(await doubled(ended, { idempotency: null })).toEqual([`end of transfer ${transferIdOf(asked)} is in entries 3 and 6`]);
    expect(await doubled(moved, { idempotency: null })).toContain(`transfer ${transferIdOf(moved)} is in entries 4 and 6`);
    expect(await doubled(back, { idempotency: null })).toContain(`reversal of transfer ${transferIdOf(moved)} is in entries 5 and 6`);
    expect(await bank.judge(log)).toMatchObject(CLEAN);
  });

  it('finds an answer that the record contradicts, to the unit', async () => {
    const bank = new Bank();
    const { sent } = bank.deposit(5, 'wire');
    bank.ledger.settle(sent, 201, { ...sent.body, amount: '0.0000000006' });
    expect((await bank.judge()).unexplained).toEqual([expect.stringMatching(/^key-1 \(deposit\): entry 1 differs from the answer at\.amount: expected "0.0000000005"/)]);
    const { sent: asked } = bank.send('ann', 'withdrawal', transferOf('withdrawal', 'ann', ISSUANCE, USD, 7));
    bank.ledger.settle(sent, 409, { code: 'account_closed' });
    bank.ledger.settle(asked, 409, { code: 'insufficient_funds', asset: 'USD', needed: '0.0000000007', available: '0.0000000005' });
    expect((await bank.judge()).unexplained).toEqual(['key-1 (deposit): entry 1 is a transfer, the client was told "account_closed"']);
    bank.ledger.settle(asked, 409, { code: 'insufficient_funds', asset: 'USD', needed: '0.0000000007', available: '0.0000000004' });
    expect((await bank.judge()).unexplained[1]).toMatch(/^key-2 \(withdrawal\): entry 2 differs from the answer at\.available: /);
    bank.ledger.settle(asked, 404, { code: 'account_not_found' });
    expect((await bank.judge()).unexplained[1]).toBe('key-2 (withdrawal): entry 2 is a refusal with insufficient_funds, the client was told "account_not_found"');
  });

  it('finds an entry that nobody asked for; the venue itself only ends what is over', async () => {
    const bank = new Bank();
    bank.till.deposit('ann', USD, 5);
    expect((await bank.judge()).unexplained).toEqual(['entry 1 carries a key that no client sent']);
  });
});

describe('the rule of money', () => {
  /** A venue that has traded with fees and rebates, cancelled and transferred. */
  function traded(): Till {
    const till = new Till();
    till.do(feesOf('default', [null, -100, 20_000]));
    till.do(accountOf('ann', { deposits: [[USD, '10000']] }));
    till.do(accountOf('bob', { deposits: [[BTC, '1000']] }));
    const bid = till.place('buy', 100, 4, 'ann');
    till.do(order('sell', 90, 3, 'bob'));
    till.do(cancelCommand(bid));
    till.do(order('buy', 100, 1, 'ann', { kind: 'limit_ioc' }));
    const pending = transferIdOf(till.do(transferOf('transfer', 'ann', 'bob', USD, 50, { pending: true })));
    till.do(endOf(pending, 'posted', 30));
    return till;
  }
  const brokenBy = (corrupt: (log: Mutable<LogEntry>[]) => void): string[] => {
    const log = structuredClone(traded().log) as Mutable<LogEntry>[];
    corrupt(log);
    const rule = new MoneyRule('required', SCALES);
    return log.flatMap((entry) => rule.add(entry as LogEntry));
  };
  const told = (log: Mutable<LogEntry>[], sequence: number, account: string, asset: string): Mutable<LogEntry>['balances'][number] => {
    const found = log[sequence - 1]?.balances.find((one) => one.account === account && one.asset === asset);
    if (found === undefined) throw new Error(`entry ${sequence} tells no ${asset} of ${account}`);
    return found;
  };

  it('holds behind every entry of a sound log', () => {
    expect(brokenBy(() => undefined)).toEqual([]);
  });

  it.each<[string, (log: Mutable<LogEntry>[]) => void, RegExp]>([
    ['a unit too much', (log) => { told(log, 5, 'bob', USD).total += '0'; }, /^entry 5: USD adds up to \d+ over all accounts$/],
    ['a hold left behind by a cancel', (log) => { told(log, 6, 'ann', USD).held = '306'; }, /^entry 6: ann has \d+ of USD and holds 306, orders and transfers say 0$/],
    ['a hold left behind by a fill', (log) => { told(log, 5, 'ann', USD).held = '1'; }, /^entry 5: ann has .* holds 1, orders and transfers say /],
    ['a hold left behind by a transfer', (log) => { told(log, 9, 'ann', USD).held = '20'; }, /^entry 9: ann has .* holds 20, orders and transfers say 0$/],
    ['more held than is there', (log) => { told(log, 3, 'bob', BTC).held = '1001'; }, /^entry 3: bob has 1000 of BTC and holds 1001$/],
    ['less than nothing held', (log) => { told(log, 3, 'bob', BTC).held = '-1'; }, /^entry 3: bob has 1000 of BTC and holds -1$/],
    ['a fee that went to nobody', (log) => { (log[4] as Mutable<LogEntry>).balances = (log[4] as Mutable<LogEntry>).balances.filter(({ account }) => account !== FEES); }, /^entry 5: USD adds up to -\d+/],
    ['more rebates than fees', (log) => { told(log, 5, FEES, USD).total = '-1'; }, /^entry 5: @fees has -1 of USD and holds 0$/],
  ])('is broken by %s', (_, corrupt, problem) => {
    expect(brokenBy(corrupt)).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
  });
});
