import { KIND_CODE, type OrderStatus, type StatusReason } from '../domain/order';
import type { MatchPlan } from './matching';

/** What becomes of an order by its plan. */
export interface Verdict {
  /** What it trades: nothing where it is rejected. */
  readonly plan: MatchPlan;
  readonly status: OrderStatus;
  readonly reason: StatusReason | null;
}

const RESTING: ReadonlySet<number> = new Set([KIND_CODE.limit_gtc, KIND_CODE.limit_post_only, KIND_CODE.limit_gtd, KIND_CODE.limit_day]);

export const mayRest = (kind: number): boolean => RESTING.has(kind);

export const rests = ({ status }: Verdict): boolean => status === 'open' || status === 'partially_filled';

/** @param wouldMatch whether anybody is there to trade with */
export function verdictOnPlace(kind: number, plan: MatchPlan, wouldMatch: boolean): Verdict {
  if (kind === KIND_CODE.limit_post_only && wouldMatch) return { plan, status: 'rejected', reason: 'post_only_would_match' };
  if (kind === KIND_CODE.limit_fok && plan.leftLots > 0) {
    const lots = plan.fills.reduce((sum, fill) => sum + fill.lots, plan.leftLots);
    return { plan: { fills: [], leftLots: lots, limited: false }, status: 'rejected', reason: 'fok_not_fillable' };
  }
  if (plan.leftLots === 0) return { plan, status: 'filled', reason: null };
  if (plan.limited) return { plan, status: 'cancelled', reason: 'fills_limit' };
  if (!mayRest(kind)) return { plan, status: 'cancelled', reason: kind === KIND_CODE.market ? 'no_liquidity' : 'ioc_remainder' };
  return { plan, status: plan.fills.length > 0 ? 'partially_filled' : 'open', reason: null };
}

/** @param filledLots what the order has traded ahead of this */
export function verdictOnAmend(plan: MatchPlan, filledLots: number): Verdict {
  if (plan.leftLots === 0) return { plan, status: 'filled', reason: null };
  if (plan.limited) return { plan, status: 'cancelled', reason: 'fills_limit' };
  return { plan, status: plan.fills.length > 0 || filledLots > 0 ? 'partially_filled' : 'open', reason: null };
}
