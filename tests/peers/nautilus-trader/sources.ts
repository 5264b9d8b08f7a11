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
