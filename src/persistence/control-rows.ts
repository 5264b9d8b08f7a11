import type { Control, ControlKind } from '../domain/controls';
import type { ControlChange, LogEntry } from '../domain/entry';
import { numbers, texts, words } from './columns';
import type { NamedQuery, Row } from './database';
import { DELETE_CONTROLS, UPSERT_CONTROLS } from './queries/controls';

export interface ControlRow extends Row {
  control: ControlKind; account: string; detail: string; at_us: number;
}

export function controlOfRow({ control, account, detail, at_us: atUs }: ControlRow): Control {
  return { kind: control, account, detail, atUs };
}

/** What a run of log entries makes of controls: the last state of each. */
export class ControlBatch {
  private readonly changes = new Map<string, { readonly change: ControlChange; readonly sequence: number }>();

  add({ sequence, events }: LogEntry): void {
    for (const event of events) {
      if (event.type !== 'control') continue;
      const { kind, account, detail } = event.control;
      this.changes.set(JSON.stringify([kind, account, detail]), { change: event, sequence });
    }
  }

  /** @param run a statement with its values */
  async write(run: (query: NamedQuery, values: unknown[]) => Promise<unknown>, shard: string): Promise<void> {
    if (this.changes.size === 0) return;
    const all = [...this.changes.values()];
    const gone = all.filter(({ change }) => change.isGone);
    const kept = all.filter(({ change }) => !change.isGone);
    if (gone.length > 0) {
      await run(DELETE_CONTROLS, [
        shard, words(gone, ({ change }) => change.control.kind), texts(gone, ({ change }) => change.control.account), texts(gone, ({ change }) => change.control.detail),
        numbers(gone, ({ sequence }) => sequence),
      ]);
    }
    if (kept.length === 0) return;
    await run(UPSERT_CONTROLS, [
      shard, words(kept, ({ change }) => change.control.kind), texts(kept, ({ change }) => change.control.account), texts(kept, ({ change }) => change.control.detail),
      numbers(kept, ({ change }) => change.control.atUs), numbers(kept, ({ sequence }) => sequence),
    ]);
  }
}
