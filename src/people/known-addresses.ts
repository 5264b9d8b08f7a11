import { LRUCache } from 'lru-cache';
import { Refusal } from '../domain/refusal';
import type { PeopleStore } from './ports';

const NAMES_MAX = 10_000;
/** Questions to Postgres at once, and names that may wait for one. */
const AT_ONCE_MAX = 3;
const WAITING_MAX = 200;
/** Longest time until an address that another process let in is known here. */
const KEPT_MS = 1_000;

/**
 * From where users logged in before, asked for once a second for each name: however many tries come at one name, they cost no more. A
 * name that there is not is asked for in the same way, and takes as long.
 */
export class KnownAddresses {
  private readonly names = new LRUCache<string, Promise<Set<string>>>({ max: NAMES_MAX, ttl: KEPT_MS });
  private asking = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly store: Pick<PeopleStore, 'addressesOf'>) {}

  /** @throws UnavailableError, Refusal `hashing_busy` */
  async has(username: string, address: string): Promise<boolean> {
    return (await this.of(username.toLowerCase())).has(address);
  }

  private of(name: string): Promise<Set<string>> {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    if (this.waiting.length >= WAITING_MAX) throw new Refusal('hashing_busy');
    const asked = this.ask(name);
    this.names.set(name, asked);
    asked.catch(() => this.names.delete(name));
    return asked;
  }

  /** A few at once: what a flood of names asks leaves connections to whatever else needs Postgres. */
  private async ask(name: string): Promise<Set<string>> {
    if (this.asking >= AT_ONCE_MAX) await new Promise<void>((resolve) => { this.waiting.push(resolve); });
    else this.asking++;
    try {
      return new Set(await this.store.addressesOf(name));
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.asking--;
      else next();
    }
  }

  /** The user has just logged in there. */
  forget(username: string): void {
    this.names.delete(username.toLowerCase());
  }
}
