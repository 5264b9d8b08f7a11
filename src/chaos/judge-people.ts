import type { LogEntry } from '../domain/log-entry';
import type { SentCommand } from './ledger';
import type { Act, PeopleLedger, Visit } from './people-ledger';

/** What of the rights of people a campaign has broken. */

/** A row of the audit log. */
export interface AuditedAct {
  readonly actor: string;
  readonly action: string;
  readonly requestId: string | null;
  /** null while none is on record. */
  readonly outcome: string | null;
}

/** Nobody acts for an account that is not theirs, or while they are suspended. */
export class RightsRule {
  constructor(private readonly people: PeopleLedger) {}

  /** @param command that the entry came of @returns what nobody had a right to */
  add(entry: LogEntry, { account, senders }: SentCommand): string[] {
    const { command, sequence } = entry;
    if (command === null) return [`entry ${sequence} does not tell who acted`];
    const at = entry.timeUs / 1_000;
    switch (command.op) {
      // The log names the client whose order it had to be: who acted is one of those that sent it.
      case 'cancel':
      case 'amend': {
        if (command.actor === null) return [`entry ${sequence}: a ${command.op} of anybody's order`];
        const client = entry.orders[0]?.clientId ?? account;
        if (entry.kind !== 'refuse' && command.actor !== client) return [`entry ${sequence}: a ${command.op} for ${command.actor} of an order of ${client}`];
        return [...senders].some((user) => this.mayActFor(user, client, at)) ? [] : [`entry ${sequence}: a ${command.op} of an order of ${client} by ${[...senders].join(' or ')}`];
      }
      default: {
        const { actor, op } = command;
        if (actor === null || !senders.has(actor)) return [`entry ${sequence}: a ${op} by ${String(actor)}, sent by ${[...senders].join(' or ')}`];
        const whose = op === 'place' ? command.clientId : op === 'account' ? command.account : account;
        if (this.people.suspensionsOf(actor).some((phase) => phase.isSure(at))) return [`entry ${sequence}: a ${op} by ${actor}, who was suspended`];
        return this.mayActFor(actor, whose, at) ? [] : [`entry ${sequence}: a ${op} for ${whose} by ${actor}`];
      }
    }
  }

  private mayActFor(user: string, account: string, atMs: number): boolean {
    return this.people.operators.has(user) || this.people.owns(account, user).some((phase) => phase.mayHold(atMs));
  }
}

/** @param acts that were answered before the audit log was read @param audit all of it @returns what was answered that should not have been, or was not kept */
export function judgePeople(people: PeopleLedger, acts: readonly Act[], audit: readonly AuditedAct[]): string[] {
  return [...wronglyLetIn(people), ...wronglyKeptOut(people), ...wronglyAudited(acts, audit)];
}

const told = ({ what, user, credential, sentMs }: Visit): string => `${what} of ${user} (${credential}) at ${sentMs}`;

function wronglyLetIn(people: PeopleLedger): string[] {
  return people.letIn.flatMap((visit) => {
    const { user, credential, sentMs } = visit;
    const isSuspended = people.suspensionsOf(user).some((phase) => phase.isSure(sentMs));
    const hasEnded = people.endOf(credential)?.isSure(sentMs) === true;
    return [...(isSuspended ? [`${told(visit)} was let in, and the user was suspended`] : []), ...(hasEnded ? [`${told(visit)} was let in, and that had ended`] : [])];
  });
}

/** Everybody is let in but for a reason; a signature that is made anew for each attempt was never used before. */
function wronglyKeptOut(people: PeopleLedger): string[] {
  return people.keptOut.flatMap((visit) => (isExplained(people, visit) ? [] : [`${told(visit)} was kept out as ${visit.code}`]));
}

function isExplained(people: PeopleLedger, { user, credential, code, account, sentMs, answeredMs }: PeopleLedger['keptOut'][number]): boolean {
  switch (code) {
    // It was longer on its way than a signature is good for.
    case 'timestamp_out_of_window': return true;
    case 'user_suspended': return people.suspensionsOf(user).some((phase) => phase.mayHold(sentMs, answeredMs));
    case 'invalid_api_key':
    case 'session_ended': return people.endOf(credential)?.mayHold(sentMs, answeredMs) === true;
    case 'account_not_found': return account !== null && !people.owns(account, user).some((phase) => phase.isSure(sentMs) && phase.isSure(answeredMs));
    default: return false;
  }
}

function wronglyAudited(acts: readonly Act[], audit: readonly AuditedAct[]): string[] {
  const rows = new Map<string, AuditedAct[]>();
  for (const row of audit) {
    if (row.requestId === null) continue;
    const same = rows.get(row.requestId);
    if (same === undefined) rows.set(row.requestId, [row]);
    else same.push(row);
  }
  const twice = [...rows.values()].filter(({ length }) => length > 1).map((same) => `${same[0]?.action ?? ''} of ${same[0]?.actor ?? ''} is ${same.length} times in the audit log`);
  const wrong = acts.flatMap(({ requestId, actor, what, outcome }) => {
    const row = rows.get(requestId)?.[0];
    if (row === undefined) return [`${what} of ${actor}, answered ${outcome}, is not in the audit log`];
    return row.actor === actor && row.outcome === outcome ? [] : [`${what} of ${actor}, answered ${outcome}, is in the audit log as ${row.outcome ?? 'unknown'} of ${row.actor}`];
  });
  return [...twice, ...wrong];
}
