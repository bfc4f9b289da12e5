// The few sums that the page does itself.
import type { Figure, Rates } from './report';

/** Precision where a share `prior` of what runs is a miner; null where nothing would be alerted. */
export function precision_at(prior: number, recall: number, false_positive_rate: number): number | null {
  const alerts = prior * recall + (1 - prior) * false_positive_rate;
  return alerts > 0 ? (prior * recall) / alerts : null;
}

/** The same with its interval, from `rates` that were given at half of what their level lacks of one. */
export function precision_of(prior: number, rates: Rates): Figure {
  const { recall, false_positive_rate: alarms } = rates;
  const value = recall.value === null || alarms.value === null ? null : precision_at(prior, recall.value, alarms.value);
  return {
    value,
    low: precision_at(prior, recall.low, alarms.high ?? 1) ?? 0,
    high: precision_at(prior, recall.high ?? 1, alarms.low) ?? 1,
    level: 1 - 2 * (1 - recall.level),
    method: 'from recall and false positive rate',
    n: Math.min(recall.n, alarms.n),
  };
}

/** The least false positive rate that `n` honest families could show, were none of them alerted: one-sided 95 %. */
export const least_rate = (n: number): number => (n > 0 ? 1 - 0.05 ** (1 / n) : 1);

/** Whether an interval of a share says next to nothing. */
export const says_nothing = (figure: Figure): boolean => (figure.high ?? 1) - figure.low > 0.9;
