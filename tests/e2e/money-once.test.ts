import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/seeded-random';
import { audit } from '../audit/support';
import { Client, type Answer } from '../support/client';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { testSeed } from '../support/seed';
import { Venue } from '../support/venue';

/** Of each kind. */
const MOVES = 100;
const TIMES = 3;
const AT_ONCE = 16;
const KILLS = 6;
const RETRY_MS = 20;

let venue: Venue;
beforeAll(async () => { venue = await Venue.open({ environment: { FUNDS: 'required', ACCOUNT_SNAPSHOT_EVERY: '50' } }); });
afterAll(async () => {
  await ServiceProcess.killAll();
  await venue.close();
});

interface Move {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly answers: string[];
}

it('deposits, withdrawals and transfers that are each sent three times, with kills between, each happen once', async () => {
  const random = seededRandom(testSeed('money once'));
  let service = new ServiceProcess(venue.environment({ LOG_LEVEL: 'info' }));
  let url = await service.serving();
  const client = new Client(() => url);
  /** Asks until somebody answers who knows. */
  const ask = async (path: string, body: Move['body']): Promise<Answer<Record<string, string>>> => {
    for (;;) {
      const answer = await client.post<Record<string, string>>(path, body).catch(() => null);
      if (answer !== null && answer.status < 500) return answer;
      await sleep(RETRY_MS);
    }
  };
  for (const account of ['payer', 'leaver']) {
    expect((await ask('/accounts', { account_id: account, deposits: [{ asset: 'USD', amount: '1000000' }], idempotency_key: account })).status).toBe(201);
  }

  // The n-th moves n units: what was left out or done twice shows in the sum.
  const moves: Move[] = Array.from({ length: MOVES }, (_, i) => i + 1).flatMap((n) => {
    const named = (kind: string): object => (random.below(2) === 0 && kind === 'deposit' ? { reference: `wire-${n}` } : { idempotency_key: `${kind}-${n}` });
    return [
      { path: '/deposits', body: { account_id: 'saver', asset: 'USD', amount: n, ...named('deposit') }, answers: [] },
      { path: '/withdrawals', body: { account_id: 'leaver', asset: 'USD', amount: n, ...named('withdrawal') }, answers: [] },
      { path: '/transfers', body: { from: 'payer', to: 'payee', asset: 'USD', amount: n, ...named('transfer') }, answers: [] },
    ];
  });
  const due = Array.from({ length: TIMES }, () => moves).flat();
  for (let i = due.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [due[i], due[j]] = [due[j] as Move, due[i] as Move];
  }
  let done = 0;
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let move = due.pop(); move !== undefined; move = due.pop()) {
      const { status, body } = await ask(move.path, move.body);
      move.answers.push(`${status} ${JSON.stringify(body)}`);
      done++;
    }
  });
  const killer = (async (): Promise<void> => {
    for (let kill = 1; kill <= KILLS; kill++) {
      while (done < kill * MOVES * TIMES * TIMES / (KILLS + 1)) await sleep(1);
      await service.kill();
      service = new ServiceProcess(venue.environment({ LOG_LEVEL: 'info' }));
      url = await service.serving();
    }
  })();
  await Promise.all([...workers, killer]);

  for (const { answers } of moves) {
    expect(answers).toHaveLength(TIMES);
    expect(answers[0]).toMatch(/^201 /);
    expect(new Set(answers).size).toBe(1);
  }
  // A withdrawal ends once too, whoever says so.
  const [{ answers: [taken] }] = moves.filter(({ path }) => path === '/withdrawals') as [Move];
  const { withdrawal_id: id } = JSON.parse((taken as string).slice(4)) as { withdrawal_id: string };
  const ends = await Promise.all(Array.from({ length: TIMES }, () => ask(`/withdrawals/${id}/complete`, { idempotency_key: 'end' })));
  expect(new Set(ends.map(({ status, body }) => `${status} ${body.status}`))).toEqual(new Set(['200 completed']));

  const sum = MOVES * (MOVES + 1) / 2;
  const balance = async (account: string): Promise<Record<string, string> | undefined> => (
    (await client.get<{ balances: Record<string, string>[] }>(`/accounts/${account}/balances`)).body.balances[0]);
  const usd = (amount: number): string => `${amount}.0000000000`;
  expect(await balance('saver')).toMatchObject({ total: usd(sum), held: usd(0) });
  expect(await balance('payee')).toMatchObject({ total: usd(sum), held: usd(0) });
  expect(await balance('payer')).toMatchObject({ total: usd(1_000_000 - sum), held: usd(0) });
  expect(await balance('leaver')).toMatchObject({ total: usd(1_000_000 - 1), held: usd(sum - 1) });
  await new ShardView(venue).persisted();
  for (const kind of ['deposit', 'withdrawal', 'transfer']) {
    expect(await venue.database.query(`SELECT count(*)::int, count(DISTINCT amount)::int AS distinct FROM transfers WHERE kind = '${kind}'`)).toEqual([{ count: MOVES, distinct: MOVES }]);
  }
  expect(await audit(venue)).toEqual([]);
  client.close();
});
