import { isProblem, OpenfillClient } from '#openfill-client';
import type { ChaosVenue } from './chaos-venue';
import { untilDone, type Crew, type Trader } from './crew';
import { fault, type Fault } from './faults';
import { PersonLine } from './person-line';
import type { Random } from '../seeded-random';

/** What happens to users, keys and logins meanwhile. Whoever is shut out goes on trying for longer than a change takes to be known. */

const SHUT_OUT_S = [1.5, 3] as const;
const SHARED_S = [2, 4] as const;
/** Requests by a login that has ended. */
const TRIES = 4;

export function peopleFaults(crew: Crew): readonly Fault[] {
  const { people, traders } = crew;
  /** The one that fills the backlog is left alone. */
  const some = (random: Random, isFit: (trader: Trader) => boolean): Trader => random.pick(traders.slice(0, -1).filter(isFit));
  return [
    fault('user suspended and reinstated', 'people', false, async (venue, random) => {
      const { username } = some(random, () => true);
      const suspension = people.suspend(username);
      await crew.setStatus(username, 'suspended');
      suspension.begun();
      await venue.outage(random, ...SHUT_OUT_S);
      suspension.ending();
      await crew.setStatus(username, 'active');
      suspension.over();
    }),
    fault('key ended and another made', 'people', false, async (venue, random) => {
      const trader = some(random, ({ key }) => key !== null);
      await trader.endKey();
      await venue.outage(random, ...SHUT_OUT_S);
      await trader.takeKey();
    }),
    fault('account shared and taken back', 'people', false, async (venue, random) => {
      const owner = some(random, () => true);
      const guest = some(random, (one) => one !== owner);
      const account = random.next() < 0.5 ? owner.username : `${owner.username}-2`;
      const phase = people.own(account, guest.username);
      await untilDone(`the sharing of ${account}`, () => owner.client.people.share(account, guest.username));
      phase.begun();
      guest.guestOf = account;
      await venue.outage(random, ...SHARED_S);
      phase.ending();
      await untilDone(`the taking back of ${account}`, () => owner.client.people.takeBack(account, guest.username).catch((error: unknown) => {
        // An answer was lost: it is taken back.
        if (!isProblem(error, 'owner_not_found')) throw error;
      }));
      phase.over();
      await venue.outage(random, ...SHUT_OUT_S);
      guest.guestOf = null;
    }),
    fault('token key rotated', 'people', false, async (venue) => venue.admin(['keys', 'rotate'])),
    fault('login ended', 'people', false, async (venue, random) => {
      const trader = some(random, ({ way }) => way === 'login');
      await endLogins(crew, trader, venue, random);
    }),
  ];
}

/** Ends all logins of somebody, of whom one was made for that: it goes on trying, through each process. */
async function endLogins({ people }: Crew, { username, password, client, api }: Trader, venue: ChaosVenue, random: Random): Promise<void> {
  const login = await untilDone(`a login of ${username}`, () => new OpenfillClient(api.url).people.logIn(username, password));
  const credential = `login ${login.access_token.slice(-8)}`;
  const end = people.end(credential);
  await untilDone(`the end of the logins of ${username}`, () => client.people.logOutEverywhere());
  end.begun();
  await venue.outage(random, ...SHUT_OUT_S);
  for (const { url } of venue.apis) {
    const line = new PersonLine(url, username, credential, { accessToken: login.access_token }, people);
    for (let i = 0; i < TRIES; i++) {
      await line.send('POST', '/orders', { client_id: username, instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '1.00', quantity: '0.01', time_in_force: 'ioc' }, username);
    }
  }
}
