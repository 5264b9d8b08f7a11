import { OneTimeUse } from '../../src/domain/one-time-use';
import { until } from '../support/until';
import { cancelCommand, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

const FOR_MS = 60_000;

describeOnEachRedis('a signature that comes with a command', (target) => {
  const venue = useShard(target);
  const use = (digest: string, forMs = FOR_MS, second = 1): OneTimeUse => new OneTimeUse(digest, second, forMs);
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

  test('is remembered as long as another of its second', async () => {
    const { engine } = venue.desk;
    const take = (digest: string) => engine.takeOnce(use(digest, 50, 2));
    expect([await take('a'), await take('b'), await take('a')]).toEqual([true, true, false]);
    // One that is timed later stays.
    expect(await engine.takeOnce(use('c', FOR_MS, 3))).toBe(true);
    await until('the time of the second is over', () => take('b'));
    expect([await take('a'), await engine.takeOnce(use('c', FOR_MS, 3))]).toEqual([true, false]);
  });
});
