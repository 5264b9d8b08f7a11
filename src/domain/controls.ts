/** What is kept of an account that acts on its orders as a whole, beside what it has. */

/** A control by its code, in events of the log and in the record. A code is never given to another one. */
export const CONTROL_CODE = { cancel_after: 1, kill: 2, lease: 3 } as const;
export type ControlKind = keyof typeof CONTROL_CODE;
export const CONTROL_KINDS = Object.keys(CONTROL_CODE) as readonly ControlKind[];

/** @throws Error for a code that is in no table */
export function controlOf(code: number): ControlKind {
  const kind = CONTROL_KINDS.find((one) => CONTROL_CODE[one] === code);
  if (kind === undefined) throw new Error(`unknown control ${code}`);
  return kind;
}

export interface Control {
  readonly kind: ControlKind;
  readonly account: string;
  /** The instrument of a dead man's switch, '' for all; the lease of a connection; '' of a kill. */
  readonly detail: string;
  /** When a dead man's switch triggers; else since when it is there. Microseconds. */
  readonly atUs: number;
}

/** What fell due, in entries of kind `due`. */
export const DUE_CODE = { orders: 1, cancel_after: 2, lease: 3, kill: 4 } as const;
export type DueKind = keyof typeof DUE_CODE;
const DUE_KINDS = Object.keys(DUE_CODE) as readonly DueKind[];

/** @throws Error for a code that is in no table */
export function dueKindOf(code: number): DueKind {
  const kind = DUE_KINDS.find((one) => DUE_CODE[one] === code);
  if (kind === undefined) throw new Error(`something unknown fell due: ${code}`);
  return kind;
}

/**
 * The pages of a kill are asked for one after the other. Should nobody ask any more, as where the process that did is gone, the rest falls
 * due so long after the last one.
 */
export const KILL_PAGE_US = 2_000_000;

/** How long after a rebuild the leases of connections end that nobody renews. */
export const LEASE_REBUILT_US = 10_000_000;

/** The order in which lists of controls stand. */
export function compareControls(a: Control, b: Control): number {
  const [first, second] = [`${CONTROL_CODE[a.kind]}\u0000${a.account}\u0000${a.detail}`, `${CONTROL_CODE[b.kind]}\u0000${b.account}\u0000${b.detail}`];
  return first === second ? 0 : first < second ? -1 : 1;
}
