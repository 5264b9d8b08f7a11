import { CONTROL_CODE, compareControls, type Control, type ControlKind } from '../domain/controls';
import { compareText } from './state';

/** Something that falls due by itself, but an order: the control, or the account that was stopped and has open orders yet. */
export interface FallingDue {
  readonly what: 'kill' | 'cancel_after';
  readonly account: string;
  readonly detail: string;
  readonly timeUs: number;
}

const keyOf = (kind: ControlKind, account: string, detail: string): string => JSON.stringify([CONTROL_CODE[kind], account, detail]);

/** Controls of accounts, and when those act that act by themselves. */
export class Controls {
  private readonly controls = new Map<string, Control>();
  /** By account that was stopped: when the rest of its orders is due, should nobody ask for the next page. */
  private readonly kills = new Map<string, number>();
  /** What falls due first, where it is known. */
  private known: { readonly first: FallingDue | null } | null = null;

  get(kind: ControlKind, account: string, detail = ''): Control | null {
    return this.controls.get(keyOf(kind, account, detail)) ?? null;
  }

  put(control: Control): void {
    this.known = null;
    this.controls.set(keyOf(control.kind, control.account, control.detail), control);
  }

  drop({ kind, account, detail }: Pick<Control, 'kind' | 'account' | 'detail'>): void {
    this.known = null;
    this.controls.delete(keyOf(kind, account, detail));
  }

  isKilled(account: string): boolean {
    return this.get('kill', account) !== null;
  }

  /** @param timeUs when the rest of an account's orders is due, null where none is left */
  killOn(account: string, timeUs: number | null): void {
    this.known = null;
    if (timeUs === null) this.kills.delete(account);
    else this.kills.set(account, timeUs);
  }

  /** When the rest of an account's orders is due, null where none is. */
  restDueUs(account: string): number | null {
    return this.kills.get(account) ?? null;
  }

  /** What falls due first, null where nothing does. */
  first(): FallingDue | null {
    this.known ??= { first: this.allDue().sort((a, b) => a.timeUs - b.timeUs || compareText(a.what, b.what) || compareText(a.account, b.account))[0] ?? null };
    return this.known.first;
  }

  private allDue(): FallingDue[] {
    const switches = [...this.controls.values()].filter(({ kind }) => kind === 'cancel_after');
    return [
      ...switches.map(({ account, detail, atUs }): FallingDue => ({ what: 'cancel_after', account, detail, timeUs: atUs })),
      ...[...this.kills].map(([account, timeUs]): FallingDue => ({ what: 'kill', account, detail: '', timeUs })),
    ];
  }

  state(): Control[] {
    return [...this.controls.values()].sort(compareControls);
  }
}
