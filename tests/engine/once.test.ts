import { ONCE_KEPT_MS, OneTimeUse } from '../../src/domain/one-time-use';
import { until } from '../support/until';
import { cancelCommand, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

describeOnEachRedis('a signature that comes with a command', (target) => {
  const venue = useShard(target);
  const now = Math.floor(Date.now() / 1_000);
  const use = (what: string, second = now): OneTimeUse => OneTimeUse.of(what, second);
  const codeOf = (result: Awaited<ReturnType<typeof venue.desk.engine.submit>>): string => (result.outcome === 'refused' ? result.code : result.outcome);

  test('allows one of them, in one call or in several', async () => {
    const { engine } = venue.desk;
    const submit = (price: number, given: OneTimeUse | null) => engine.submit(placeCommand('sell', price, 1), given);
    const results = await Promise.all([submit(100, use('one')), submit(101, use('one')), submit(102, null), submit(103, use('two'))]);
    expect(results.map(codeOf)).toEqual(['logged', 'signature_reused', 'logged', 'logged']);
    expect(codeOf(await submit(104, use('two')))).toBe('signature_reused');
    expect(codeOf(await submit(104, use('three')))).toBe('logged');
    expect(await venue.desk.book()).toEqual({ bids: [], asks: [[100, 1], [102, 1], [103, 1], [104, 1]] });
  });

  test('is used by a command that is refused, and by one that answers a key again', async () => {
    const { engine } = venue.desk;
    expect(codeOf(await engine.submit(cancelCommand({ clientId: 'c', clientOrderId: 'none' }), use('cancel')))).toBe('order_not_found');
    expect(codeOf(await engine.submit(placeCommand('buy', 90, 1), use('cancel')))).toBe('signature_reused');
    const keyed = placeCommand('buy', 90, 1, { key: 'digest' });
    expect(codeOf(await engine.submit(keyed, use('first')))).toBe('logged');
    expect(codeOf(await engine.submit(keyed, use('second')))).toBe('repeated');
    expect(codeOf(await engine.submit(keyed, use('second')))).toBe('signature_reused');
  });

  test('stands ahead of an order that is made to fail, which changes nothing but that', async () => {
    const { engine } = venue.desk;
    const order = placeCommand('buy', 91, 1);
    const failing = { ...order, failAt: 'settle' } as typeof order;
    const results = await Promise.all([engine.submit(failing, use('failing')), engine.submit(failing, use('failing')), engine.submit(placeCommand('buy', 92, 1), use('other'))]);
    expect(results.map(codeOf)).toEqual(['failure_injected', 'signature_reused', 'logged']);
  });

  test('is one with what a request without a command takes', async () => {
    const { engine } = venue.desk;
    const given = use('either');
    expect([await engine.takeOnce(given), await engine.takeOnce(given), await engine.takeOnce(use('another'))]).toEqual([true, false, true]);
    expect(codeOf(await engine.submit(placeCommand('buy', 80, 1), given))).toBe('signature_reused');
  });

  test('of a second is remembered as long as any other of it', async () => {
    const { engine } = venue.desk;
    // Over within the second.
    const ending = Math.floor((Date.now() - ONCE_KEPT_MS) / 1_000);
    const take = (what: string) => engine.takeOnce(use(what, ending));
    expect(await take('a')).toBe(true);
    expect(codeOf(await engine.submit(placeCommand('buy', 79, 1), use('b', ending)))).toBe('logged');
    expect(await engine.takeOnce(use('c', ending + 60))).toBe(true);
    await until('the time of the second is over', () => take('b'));
    expect([await take('a'), await engine.takeOnce(use('c', ending + 60))]).toEqual([true, false]);
  });

  test('is one among many of a call, which are of several seconds', async () => {
    const { engine } = venue.desk;
    const uses = Array.from({ length: 120 }, (_, i) => ['many', i % 40, now - i % 3] as const);
    const results = await Promise.all(uses.map(([what, i, second]) => engine.submit(placeCommand('buy', 1 + i, 1), use(`${what} ${i}`, second))));
    const first = new Set<string>();
    expect(results.map(codeOf)).toEqual(uses.map(([, i, second]) => {
      const name = `${i} ${second}`;
      if (first.has(name)) return 'signature_reused';
      first.add(name);
      return 'logged';
    }));
  });
});
