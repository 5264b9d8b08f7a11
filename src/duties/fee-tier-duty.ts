import type { Logger } from 'pino';
import type { CommandResult, EngineCommand } from '../domain/commands';
import { volumeUnits, type FeeTier } from '../domain/fee-tiers';
import { DEFAULT_FEE_GROUP, type Account } from '../domain/money';
import { RESULT_CODES, type ResultCode } from '../domain/result-code';
import { LookLoop } from '../look-loop';

/** What the duty asks of the venue. */
export interface TieredVenue {
  /** Traded value by account and quote asset, in units, of [fromUs, toUs). */
  volumes(fromUs: number, toUs: number): Promise<readonly { readonly account: string; readonly asset: string; readonly value: string }[]>;
  accounts(behind: string, limit: number): Promise<readonly Account[]>;
  submitAll(commands: readonly EngineCommand[]): Promise<readonly CommandResult[]>;
}

export interface FeeTierOptions {
  readonly tiers: readonly FeeTier[];
  readonly decimalsOf: (asset: string) => number;
  readonly isOnDuty: () => boolean;
  /** As Date.now(). */
  readonly nowMs: () => number;
}

const DAY_MS = 86_400_000;
const VOLUME_DAYS = 30;
const LOOK_MS = 1_000;
const PAGE = 1_000;
/** Accounts that a warning names. */
const NAMED_MAX = 10;
/** Status of what the venue takes at another time. */
const UNAVAILABLE = 503;

/** Accounts that could not be put into a group, by why, and by which group. */
class Refusals {
  private readonly byReason = new Map<string, { readonly code: ResultCode; readonly feeGroup: string; readonly accounts: string[]; count: number }>();

  add(account: string, feeGroup: string, code: ResultCode): void {
    const key = `${code} ${feeGroup}`;
    let refused = this.byReason.get(key);
    if (refused === undefined) this.byReason.set(key, refused = { code, feeGroup, accounts: [], count: 0 });
    refused.count++;
    if (refused.accounts.length < NAMED_MAX) refused.accounts.push(account);
  }

  tell(logger: Logger): void {
    for (const refused of this.byReason.values()) logger.warn(refused, 'accounts could not be put into the fee group of their volume');
  }
}

/** The group that volumes lead to: of the last row that one of them has reached, the default before the first. */
export function groupOfVolumes(tiers: readonly FeeTier[], volumes: ReadonlyMap<string, bigint>, decimalsOf: (asset: string) => number): string {
  let group = DEFAULT_FEE_GROUP;
  for (const { feeGroup, asset, volume } of tiers) {
    if ((volumes.get(asset) ?? 0n) >= volumeUnits(volume, decimalsOf(asset))) group = feeGroup;
  }
  return group;
}

/**
 * Puts accounts into the groups of fees that their volume of the 30 days before leads to (A-45), once a UTC day. An account whose group is
 * none of the tiers' was put there by somebody and stays there.
 */
export class FeeTierDuty {
  private readonly loop: LookLoop;
  private doneDay = Number.NaN;

  constructor(private readonly venue: TieredVenue, private readonly options: FeeTierOptions, private readonly logger: Logger) {
    this.loop = new LookLoop(LOOK_MS, () => this.look(), (error) => this.logger.warn({ err: error }, 'volumes could not be evaluated'));
  }

  start(): void {
    if (this.options.tiers.length > 0) this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const day = Math.floor(this.options.nowMs() / DAY_MS);
    if (day === this.doneDay || !this.options.isOnDuty()) return;
    const changed = await this.evaluate(day);
    this.doneDay = day;
    this.logger.info({ day: new Date(day * DAY_MS).toISOString().slice(0, 10), changed }, 'accounts are in the fee groups of their volume');
  }

  /**
   * Evaluates the 30 days before a UTC day. Who cannot be put into his group, because there is none of that name, keeps nobody from his
   * own: it is said, and tried again at the next evaluation.
   * @returns how many accounts changed their group @throws Error where the venue takes no commands now
   */
  async evaluate(day: number): Promise<number> {
    const { tiers, decimalsOf } = this.options;
    const endUs = day * DAY_MS * 1_000;
    const volumes = new Map<string, Map<string, bigint>>();
    for (const { account, asset, value } of await this.venue.volumes(endUs - VOLUME_DAYS * DAY_MS * 1_000, endUs)) {
      volumes.set(account, (volumes.get(account) ?? new Map<string, bigint>()).set(asset, BigInt(value)));
    }
    const ofTiers = new Set([DEFAULT_FEE_GROUP, ...tiers.map(({ feeGroup }) => feeGroup)]);
    let changed = 0;
    const refusals = new Refusals();
    for (let behind = ''; ;) {
      const page = await this.venue.accounts(behind, PAGE);
      const moves = page.flatMap(({ account, feeGroup, status }): { readonly account: string; readonly wanted: string }[] => {
        const wanted = groupOfVolumes(tiers, volumes.get(account) ?? new Map<string, bigint>(), decimalsOf);
        return status === 'closed' || wanted === feeGroup || !ofTiers.has(feeGroup) ? [] : [{ account, wanted }];
      });
      const results = moves.length === 0 ? [] : await this.venue.submitAll(moves.map(({ account, wanted }) => commandOf(account, wanted)));
      results.forEach((result, i) => {
        const { account, wanted } = moves[i] as (typeof moves)[number];
        if (result.outcome !== 'refused') changed++;
        else if (RESULT_CODES[result.code].status === UNAVAILABLE) throw new Error(`an account cannot change its fee group: ${result.code}`);
        else refusals.add(account, wanted, result.code);
      });
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      behind = last.account;
    }
    refusals.tell(this.logger);
    return changed;
  }
}

/** As an operator would say it. */
function commandOf(account: string, feeGroup: string): EngineCommand {
  return {
    op: 'account', actor: null, account, opens: false, name: null, status: null, credit: null, feeGroup, deposits: [], idempotency: null, request: null,
  };
}
