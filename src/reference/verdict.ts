import { KIND_CODE, type OrderStatus, type StatusReason } from '../domain/order';
import { untouched, type MatchPlan } from './matching';

/** What becomes of an order by its plan. */
export interface Verdict {
  /** What it trades: nothing where it is rejected. */
  readonly plan: MatchPlan;
  readonly status: OrderStatus;
  readonly reason: StatusReason | null;
}

const RESTING: ReadonlySet<number> = new Set([KIND_CODE.limit_gtc, KIND_CODE.limit_post_only, KIND_CODE.limit_gtd, KIND_CODE.limit_day]);

export const mayRest = (kind: number): boolean => RESTING.has(kind);

export const rests = ({ status }: Pick<Verdict, 'status'>): boolean => status === 'open' || status === 'partially_filled';

/** What an order of a kind turns down of its own plan, null where it takes it. */
function rejection(kind: number, plan: MatchPlan, lots: number): StatusReason | null {
  if (kind === KIND_CODE.limit_post_only && plan.fills.length > 0) return 'post_only_would_match';
  const traded = plan.fills.reduce((sum, fill) => sum + fill.lots, 0);
  return kind === KIND_CODE.limit_fok && traded < lots ? 'fok_not_fillable' : null;
}

/** @param lots that it comes with */
export function verdictOnPlace(kind: number, plan: MatchPlan, lots: number): Verdict {
  const reason = rejection(kind, plan, lots);
  if (reason !== null) return { plan: untouched(lots), status: 'rejected', reason };
  const end = endOf(plan);
  if (end !== null) return end;
  if (kind === KIND_CODE.market) return { plan, status: 'cancelled', reason: plan.beyond ? 'price_protection' : 'no_liquidity' };
  if (!mayRest(kind)) return { plan, status: 'cancelled', reason: 'ioc_remainder' };
  return { plan, status: plan.fills.length > 0 ? 'partially_filled' : 'open', reason: null };
}

/** @param filledLots what the order has traded ahead of this */
export function verdictOnAmend(plan: MatchPlan, filledLots: number): Verdict {
  return endOf(plan) ?? { plan, status: plan.fills.length > 0 || filledLots > 0 ? 'partially_filled' : 'open', reason: null };
}

/** null where something is left that may wait. */
function endOf(plan: MatchPlan): Verdict | null {
  const { budget } = plan;
  if (budget === null ? plan.leftLots === 0 : budget.left === 0n) return { plan, status: 'filled', reason: null };
  if (plan.prevented.stops) return { plan, status: 'cancelled', reason: 'self_trade' };
  if (plan.limited) return { plan, status: 'cancelled', reason: 'fills_limit' };
  if (budget?.exhausted === true) return { plan, status: 'cancelled', reason: 'budget_exhausted' };
  return null;
}
