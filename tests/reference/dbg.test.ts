import fc from 'fast-check';
import { moneySequences } from '../model/support/money-steps';
import { AlonePlay } from './support/play-alone';
test('x', () => {
  const seqs = fc.sample(moneySequences, { seed: 1184635164, numRuns: 60 });
  const t0 = Date.now();
  for (const [i, s] of seqs.entries()) {
    try { new AlonePlay(s, new Map()).run(); } catch (e) { console.log(i, (e as Error).message.slice(0, 3000)); break; }
    if (i % 10 === 0) process.stderr.write(`${i} ${Date.now() - t0}\n`);
  }
}, 100000);
