import { LRUCache } from 'lru-cache';
import type { PeopleStore } from './ports';

const NAMES_MAX = 10_000;
/** Longest time until an address that another process let in is known here. */
const KEPT_MS = 1_000;

/**
 * From where users logged in before, asked for once a second for each name: however many tries come at one name, they cost no more. A
 * name that there is not is asked for in the same way, and takes as long.
 */
export class KnownAddresses {
  private readonly names = new LRUCache<string, Promise<Set<string>>>({ max: NAMES_MAX, ttl: KEPT_MS });

  constructor(private readonly store: Pick<PeopleStore, 'addressesOf'>) {}

  /** @throws UnavailableError */
  async has(username: string, address: string): Promise<boolean> {
    return (await this.of(username.toLowerCase())).has(address);
  }

  private of(name: string): Promise<Set<string>> {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const asked = this.store.addressesOf(name).then((addresses) => new Set(addresses));
    this.names.set(name, asked);
    asked.catch(() => this.names.delete(name));
    return asked;
  }

  /** The user has just logged in there. */
  forget(username: string): void {
    this.names.delete(username.toLowerCase());
  }
}
