import type { Source } from '../support/case';

const PYTHON = 'tests/unit_tests/backtest';

/** The suites of the simulated exchange and of the matching engine, in Python and in Rust. */
export function margin(test: string): Source {
  return { file: `${PYTHON}/test_exchange_margin.py`, test };
}

export function depthBook(test: string): Source {
  return { file: `${PYTHON}/test_exchange_l2_mbp.py`, test };
}

export function engine(test: string): Source {
  return { file: `${PYTHON}/test_matching_engine.py`, test };
}

export function rust(test: string): Source {
  return { file: 'crates/execution/src/matching_engine/tests.rs', test };
}

export function stopLimits(test: string): Source {
  return { file: `${PYTHON}/test_exchange_stop_limits.py`, test };
}

export function trailing(test: string): Source {
  return { file: `${PYTHON}/test_exchange_trailing_stops.py`, test };
}

export function contingencies(test: string): Source {
  return { file: `${PYTHON}/test_exchange_contingencies.py`, test };
}

export function ifTouched(test: string): Source {
  return { file: `${PYTHON}/test_exchange_bracket_if_touched_entries.py`, test };
}

export function independence(test: string): Source {
  return { file: `${PYTHON}/test_exchange_bracket_quantity_independence.py`, test };
}

/** The tests of an order by itself stand beside its code. */
export function model(order: string, test: string): Source {
  return { file: `crates/model/src/orders/${order}.rs`, test };
}

export function execution(test: string): Source {
  return { file: 'tests/unit_tests/execution/test_engine.py', test };
}
