import type { PeopleStore } from './ports';

/** Accounts of the engine, as people make them. Where no money is kept there is nothing to make. */
export interface AccountOpener {
  /** Whether anything is known of an account of this name. */
  isKnown(account: string): Promise<boolean>;
  /**
   * Makes an account, once: the same again does nothing.
   * @param by whose it is, by which a repeat is told from another's
   * @returns false where there is one already that somebody else made
   */
  open(account: string, by: string): Promise<boolean>;
  /** Whether there is an account of this name that never had anything. */
  isUntouched(account: string): Promise<boolean>;
}

type NameRecord = Pick<PeopleStore, 'isClientKnown' | 'hasOrders'>;

/** Whether anything is on record under a name, of an account or of orders: then it is not free. */
export async function isOnRecord(name: string, accounts: Pick<AccountOpener, 'isKnown'>, record: NameRecord): Promise<boolean> {
  return await accounts.isKnown(name) || record.isClientKnown(name);
}

/** Whether there is an account of a name that nobody has used: it never had anything, and no order. */
export async function isUnused(name: string, accounts: Pick<AccountOpener, 'isUntouched'>, record: NameRecord): Promise<boolean> {
  return await accounts.isUntouched(name) && !(await record.hasOrders(name));
}
