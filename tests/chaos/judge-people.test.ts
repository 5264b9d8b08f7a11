import { judgePeople, RightsRule, type AuditedAct } from '../../src/chaos/judge-people';
import { Ledger, type Op } from '../../src/chaos/ledger';
import { KNOWN_WITHIN_MS, PeopleLedger, type Phase } from '../../src/chaos/people-ledger';
import type { EngineCommand } from '../../src/domain/commands';
import type { LogEntry } from '../../src/domain/log-entry';
import { cancelCommand } from '../engine/support/desk';
import { accountOf, BTC, depositOf, order, Till, USD } from '../reference/support/till';

/** How people are judged: who acted for whom, who was let in, and what the audit log keeps. */

const BASE_MS = 1_700_000_000_000;
/** Time enough for a change to be known. */
const LATER_MS = KNOWN_WITHIN_MS + 1;

/** Answered at once, its end as well. */
function last(phase: Phase, fromMs: number, toMs: number | null = null): void {
  phase.begun(fromMs);
  if (toMs === null) return;
  phase.ending(toMs);
  phase.over(toMs);
}

/** A venue of ann, of bob, whom ann shares an account with for a while, and of an operator. */
class Town {
  readonly people = new PeopleLedger();
  readonly till = new Till();
  private readonly ledger = new Ledger();

  constructor() {
    for (const name of ['ann', 'bob']) last(this.people.own(name, name, 0), 0);
    this.people.operators.add('root');
    this.till.deposit('ann', USD, 1_000_000);
  }

  at(ms: number): this {
    this.till.timeUs = ms * 1_000;
    return this;
  }

  /** @returns what a command breaks @param by who sent it */
  send(account: string, op: Op, command: EngineCommand, by: string, changes: Partial<LogEntry> = {}): readonly string[] {
    const sent = this.ledger.enter(account, op, 'redis');
    sent.senders.add(by);
    return new RightsRule(this.people).add({ ...this.till.do(command), ...changes }, sent);
  }
}

const placed = (by: string, account: string): EngineCommand => ({ ...order('buy', 100, 1, account), actor: by });

describe('whoever acts for an account', () => {
  const town = (): Town => new Town().at(BASE_MS);

  it('is one of its owners, or an operator', () => {
    const here = town();
    expect(here.send('ann', 'place', placed('ann', 'ann'), 'ann')).toEqual([]);
    expect(here.send('ann', 'deposit', { ...depositOf('ann', USD, 5), actor: 'root' }, 'root')).toEqual([]);
    expect(here.send('ann', 'open_account', { ...accountOf('bob', { deposits: [[BTC, '1']] }), actor: 'bob' }, 'bob')).toEqual([]);
    expect(here.send('ann', 'place', placed('bob', 'ann'), 'bob')).toEqual([expect.stringMatching(/^entry \d+: a place for ann by bob$/)]);
    expect(here.send('ann', 'deposit', { ...depositOf('ann', USD, 5), actor: 'bob' }, 'bob')).toEqual([expect.stringMatching(/: a transfer for ann by bob$/)]);
  });

  it('is who sent it, and somebody', () => {
    const here = town();
    expect(here.send('ann', 'place', placed('ann', 'ann'), 'bob')).toEqual([expect.stringMatching(/: a place by ann, sent by bob$/)]);
    expect(here.send('ann', 'place', order('buy', 100, 1, 'ann'), 'ann')).toEqual([expect.stringMatching(/: a place by null, sent by ann$/)]);
  });

  it('cancels and amends what is of an account of its own', () => {
    const here = town();
    const place = (): string => here.till.place('buy', 100, 1, 'ann').orderId;
    const [first, second, third] = [place(), place(), place()] as const;
    const cancel = (id: string, actor: string | null): EngineCommand => ({ ...cancelCommand(id), actor });
    expect(here.send('ann', 'cancel', cancel(first, 'ann'), 'ann')).toEqual([]);
    expect(here.send('ann', 'cancel', cancel(second, 'ann'), 'bob')).toEqual([expect.stringMatching(/: a cancel of an order of ann by bob$/)]);
    expect(here.send('ann', 'cancel', cancel(third, null), 'ann')).toEqual([expect.stringMatching(/: a cancel of anybody's order$/)]);
  });

  it('may act while an account is shared, and a moment longer', () => {
    const here = town();
    last(here.people.own('ann', 'bob', BASE_MS), BASE_MS, BASE_MS + 2_000);
    expect(here.at(BASE_MS + 1_000).send('ann', 'place', placed('bob', 'ann'), 'bob')).toEqual([]);
    expect(here.at(BASE_MS + 2_500).send('ann', 'place', placed('bob', 'ann'), 'bob')).toEqual([]);
    expect(here.at(BASE_MS + 2_000 + LATER_MS).send('ann', 'place', placed('bob', 'ann'), 'bob')).toHaveLength(1);
  });

  it('is not suspended', () => {
    const here = town();
    last(here.people.suspend('ann', BASE_MS), BASE_MS, BASE_MS + 5_000);
    expect(here.at(BASE_MS + 500).send('ann', 'place', placed('ann', 'ann'), 'ann')).toEqual([]);
    expect(here.at(BASE_MS + LATER_MS).send('ann', 'place', placed('ann', 'ann'), 'ann')).toEqual([expect.stringMatching(/: a place by ann, who was suspended$/)]);
    expect(here.at(BASE_MS + 5_001).send('ann', 'place', placed('ann', 'ann'), 'ann')).toEqual([]);
  });
});

describe('whoever asks', () => {
  const visit = (sentMs: number): { user: string; credential: string; what: string; sentMs: number; answeredMs: number } => (
    { user: 'ann', credential: 'key-1', what: 'POST /orders', sentMs, answeredMs: sentMs + 5 }
  );
  const judged = (prepare: (people: PeopleLedger) => void): readonly string[] => {
    const people = new PeopleLedger();
    prepare(people);
    return judgePeople(people, [], []);
  };

  it('is not let in once it is suspended, or its key has ended, and that is known', () => {
    const letIn = (ms: number) => judged((people) => {
      last(people.suspend('ann', BASE_MS), BASE_MS, BASE_MS + 9_000);
      people.letIn.push(visit(ms));
    });
    expect([letIn(BASE_MS - 1), letIn(BASE_MS + 900), letIn(BASE_MS + 9_001)]).toEqual([[], [], []]);
    expect(letIn(BASE_MS + LATER_MS)).toEqual([`POST /orders of ann (key-1) at ${BASE_MS + LATER_MS} was let in, and the user was suspended`]);
    const byKey = (ms: number) => judged((people) => {
      last(people.end('key-1', BASE_MS), BASE_MS);
      people.letIn.push(visit(ms));
    });
    expect(byKey(BASE_MS + 900)).toEqual([]);
    expect(byKey(BASE_MS + LATER_MS)).toEqual([expect.stringMatching(/ was let in, and that had ended$/)]);
  });

  it('is kept out for a reason only', () => {
    const keptOut = (code: string, ms: number, account: string | null = null) => judged((people) => {
      last(people.suspend('ann', BASE_MS), BASE_MS, BASE_MS + 2_000);
      last(people.end('key-1', BASE_MS + 10_000), BASE_MS + 10_000);
      last(people.own('bob', 'ann', BASE_MS), BASE_MS, BASE_MS + 5_000);
      people.keptOut.push({ ...visit(ms), code, account });
    });
    expect(keptOut('user_suspended', BASE_MS + 1_000)).toEqual([]);
    expect(keptOut('user_suspended', BASE_MS + 2_000 + LATER_MS)).toEqual([expect.stringMatching(/ was kept out as user_suspended$/)]);
    expect(keptOut('invalid_api_key', BASE_MS + 10_500)).toEqual([]);
    expect(keptOut('invalid_api_key', BASE_MS + 5_000)).toHaveLength(1);
    expect(keptOut('account_not_found', BASE_MS + 500, 'bob')).toEqual([]);
    expect(keptOut('account_not_found', BASE_MS + 3_000, 'bob')).toHaveLength(1);
    expect(keptOut('timestamp_out_of_window', BASE_MS)).toEqual([]);
    for (const code of ['signature_reused', 'unauthenticated', 'invalid_token', 'forbidden', '']) expect(keptOut(code, BASE_MS)).toHaveLength(1);
  });
});

describe('what is done with powers', () => {
  const row = (requestId: string, changes: Partial<AuditedAct> = {}): AuditedAct => ({ actor: 'root', action: 'deposit', requestId, outcome: 'ok', ...changes });
  const people = new PeopleLedger();
  people.acts.push({ actor: 'root', what: 'POST /deposits', requestId: 'r-1', outcome: 'ok' });

  it('is in the audit log once, as it was answered', () => {
    // More than was answered may be there: of some acts the answer was lost.
    expect(judgePeople(people, people.acts, [row('r-1'), row('r-2'), row('', { requestId: null }), row('', { requestId: null })])).toEqual([]);
    expect(judgePeople(people, people.acts, [row('r-2')])).toEqual(['POST /deposits of root, answered ok, is not in the audit log']);
    expect(judgePeople(people, people.acts, [row('r-1'), row('r-1')])).toEqual(['deposit of root is 2 times in the audit log']);
    expect(judgePeople(people, people.acts, [row('r-1'), row('r-2'), row('r-2')])).toEqual(['deposit of root is 2 times in the audit log']);
    expect(judgePeople(people, people.acts, [row('r-1', { outcome: 'asset_not_found' })])).toEqual(['POST /deposits of root, answered ok, is in the audit log as asset_not_found of root']);
    expect(judgePeople(people, people.acts, [row('r-1', { actor: 'desk' })])).toHaveLength(1);
  });
});
