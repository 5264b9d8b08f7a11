import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { audit } from '../audit/support';
import { Service } from '../http/support/service';
import { temporaryDirectory } from '../support/servers';
import { PEERS } from './peers';
import type { PeerCase } from './support/case';
import { Played } from './support/play';

/** What others expect of an order book, on this venue: each case in a book of its own, and in the end the reference book says the same of all of them. */

const NUMBERED: [peer: string, feature: string, title: string, instrument: string, one: PeerCase][] = PEERS
  .flatMap(({ project, cases }) => cases.map((one) => ({ project, one })))
  .map(({ project, one }, at) => [project, one.feature, one.title, `P${at + 1}-USD`, one]);

/** Three decimals each, as the peers' prices have, and bounds as the currencies there have them. */
const STEPS = { quote: 'USD', tick_size: '0.001', lot_size: '0.001', quantity_max: '10000000' };

describe('what peers expect', () => {
  const directory = temporaryDirectory('peers');
  let service: Service;
  /** By instrument: all are played at once, since none knows of another. */
  const playing = new Map<string, Promise<Played>>();

  beforeAll(async () => {
    const file = join(directory.path, 'instruments.json');
    const instruments = NUMBERED.map(([, , , instrument]) => ({ instrument, base: instrument.slice(0, -'-USD'.length), ...STEPS }));
    const others = [{ instrument: 'OTHER-USD', base: 'OTHER', ...STEPS, quantity_min: '1000' }, { instrument: 'FX-USD', base: 'FX', quote: 'USD', tick_size: '0.00001', lot_size: '1' }];
    writeFileSync(file, JSON.stringify([...instruments, ...others]));
    service = await Service.open({ environment: { INSTRUMENTS_FILE: file } });
    for (const [, , , instrument, one] of NUMBERED) playing.set(instrument, Played.case(service.client, instrument, one));
    await Promise.allSettled(playing.values());
  });
  afterAll(async () => {
    await service.close();
    directory.remove();
  });

  it.each(NUMBERED)('%s, %s: %s', async (_peer, _feature, _title, instrument, one) => {
    const played = await playing.get(instrument) as Played;
    const outcome = one.verdict === 'agrees' ? one.expected : one.ours;
    expect(await played.like(outcome)).toEqual({ refused: [], ...outcome });
    // A difference that is none any more is no longer told as one.
    if (one.verdict === 'differs') expect(await played.like(one.expected)).not.toEqual({ refused: [], ...one.expected });
  });

  it('come to the same in the reference book', async () => {
    await service.persisted();
    expect(await audit(service.venue)).toEqual([]);
  });
});
