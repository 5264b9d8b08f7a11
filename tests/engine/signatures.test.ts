import { SignatureUse } from '../../src/domain/signature-use';
import { cancelCommand, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

const FOR_MS = 60_000;

describeOnEachRedis('a signature that comes with a command', (target) => {
  const venue = useShard(target);
  const use = (digest: string, forMs = FOR_MS): SignatureUse => new SignatureUse(digest, forMs);
  const codeOf = (result: Awaited<ReturnType<typeof venue.desk.engine.submit>>): string => (result.outcome === 'refused' ? result.code : result.outcome);

  test('allows one of them, in one call or in several', async () => {
    const { engine } = venue.desk;
    const submit = (price: number, given: SignatureUse | null) => engine.submit(placeCommand('sell', price, 1), given);
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

  test('can be used again when its time is over', async () => {
    const { engine } = venue.desk;
    expect(codeOf(await engine.submit(placeCommand('buy', 80, 1), use('short', 1)))).toBe('logged');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(codeOf(await engine.submit(placeCommand('buy', 80, 1), use('short', 1)))).toBe('logged');
  });
});
